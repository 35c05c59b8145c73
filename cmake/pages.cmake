# Pages: type-checked and bundled by node, then embedded as C.
#   house_pages(NAME FUNCTION HEADER OUT): the bundle pages/NAME/ (its index.html and what that
#   loads) becomes FUNCTION(), declared in HEADER; OUT is set to the C file.
find_program(NODE node REQUIRED)
set(PAGES ${PROJECT_SOURCE_DIR}/pages)
set(MODULES ${PROJECT_SOURCE_DIR}/node_modules)
if(NOT EXISTS ${MODULES}/vite/bin/vite.js)
    message(FATAL_ERROR "no Vite in node_modules: run 'npm ci --ignore-scripts'")
endif()
file(GLOB_RECURSE PAGES_SOURCES CONFIGURE_DEPENDS ${PAGES}/shared/* ${PAGES}/src/*
    ${PAGES}/console/* ${PAGES}/public/*)
set(PAGES_CHECKED ${PROJECT_BINARY_DIR}/pages.checked)
add_custom_command(OUTPUT ${PAGES_CHECKED}
    COMMAND ${NODE} ${MODULES}/typescript/bin/tsc -p ${PAGES}
    COMMAND ${CMAKE_COMMAND} -E touch ${PAGES_CHECKED}
    DEPENDS ${PAGES_SOURCES} ${PAGES}/tsconfig.json ${PROJECT_SOURCE_DIR}/package-lock.json
    COMMENT "Checking the pages' types")
add_custom_target(check_pages DEPENDS ${PAGES_CHECKED})

function(house_pages name function header out)
    set(built ${CMAKE_CURRENT_BINARY_DIR}/pages)
    set(code ${CMAKE_CURRENT_BINARY_DIR}/pages_assets.c)
    add_custom_command(OUTPUT ${code}
        COMMAND ${NODE} ${MODULES}/vite/bin/vite.js build --config ${PAGES}/vite.config.mjs
                --mode ${name} --outDir ${built} --logLevel warn
        COMMAND ${CMAKE_COMMAND} -DIN=${built} -DOUT=${code} -DNAME=${function}
                -DHEADER=${header} -P ${PROJECT_SOURCE_DIR}/cmake/embed_folder.cmake
        DEPENDS ${PAGES_SOURCES} ${PAGES}/index.html ${PAGES}/vite.config.mjs
                ${PROJECT_SOURCE_DIR}/package-lock.json
                ${PROJECT_SOURCE_DIR}/cmake/embed_folder.cmake check_pages
        COMMENT "Building the pages of ${name}")
    set(${out} ${code} PARENT_SCOPE)
endfunction()
