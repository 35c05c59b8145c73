# cmake -DIN=folder -DOUT=file.c -DNAME=function -DHEADER=header -P embed_folder.cmake
# Writes a C file whose function gives every file of the folder IN as a struct web_asset. The tag is
# a hash of the content, so that a browser keeps a file as long as it is the same.
set(TYPE_html "text/html; charset=utf-8")
set(TYPE_js "text/javascript; charset=utf-8")
set(TYPE_css "text/css; charset=utf-8")
set(TYPE_svg "image/svg+xml")
set(TYPE_json "application/json")

file(GLOB_RECURSE files RELATIVE ${IN} ${IN}/*)
list(SORT files)
if(NOT files)
    message(FATAL_ERROR "no files in '${IN}'")
endif()
set(arrays "")
set(table "")
set(count 0)
foreach(file IN LISTS files)
    get_filename_component(extension ${file} LAST_EXT)
    string(SUBSTRING "${extension}" 1 -1 extension)
    if(NOT DEFINED TYPE_${extension})
        message(FATAL_ERROR "no content type for '${file}'")
    endif()
    file(READ ${IN}/${file} hex HEX)
    file(SHA256 ${IN}/${file} hash)
    string(SUBSTRING ${hash} 0 16 hash)
    string(LENGTH "${hex}" size)
    math(EXPR size "${size} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))" "\\1\n" bytes
           "${bytes}")
    string(APPEND arrays "static const uint8_t content_${count}[] = {\n${bytes}};\n\n")
    string(APPEND table "    {\"/${file}\", \"${TYPE_${extension}}\", \"\\\"${hash}\\\"\", "
           "content_${count}, ${size}},\n")
    math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT} "#include \"${HEADER}\"\n\n${arrays}"
    "static const struct web_asset assets[] = {\n${table}};\n\n"
    "const struct web_asset *${NAME}(size_t *count)\n{\n"
    "    *count = ${count};\n    return assets;\n}\n")
