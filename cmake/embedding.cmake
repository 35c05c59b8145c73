# Files that the programs carry within them.
#   house_embed(FUNCTION HEADER FROM OUT): the file FROM, or each of the JSON files in the folder
#   FROM, is what FUNCTION() gives, declared in HEADER; OUT is set to the C file.
function(house_embed function header from out)
    set(code ${CMAKE_CURRENT_BINARY_DIR}/${function}.c)
    set(script ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)
    set(files ${from})
    if(IS_DIRECTORY ${from})
        set(script ${PROJECT_SOURCE_DIR}/cmake/embed_list.cmake)
        file(GLOB files CONFIGURE_DEPENDS ${from}/*.json)
    endif()
    add_custom_command(OUTPUT ${code}
        COMMAND ${CMAKE_COMMAND} -DIN=${from} -DOUT=${code} -DNAME=${function} -DHEADER=${header}
                -P ${script}
        DEPENDS ${files} ${script})
    set(${out} ${code} PARENT_SCOPE)
endfunction()
