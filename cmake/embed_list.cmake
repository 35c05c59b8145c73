# cmake -DIN=folder -DOUT=file.c -DNAME=function -DHEADER=header -P embed_list.cmake
# Writes a C file whose function gives the bytes of the nth JSON file of IN, in the order of names.
file(GLOB files ${IN}/*.json)
list(SORT files)
file(WRITE ${OUT} "#include \"${HEADER}\"\n\n")
set(cases "")
set(index 0)
foreach(file ${files})
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
    file(APPEND ${OUT} "static const uint8_t content_${index}[] = {\n${bytes}};\n")
    string(APPEND cases "    case ${index}:\n        return bytes_of(content_${index}, sizeof content_${index});\n")
    math(EXPR index "${index} + 1")
endforeach()
file(APPEND ${OUT} "\nstruct bytes ${NAME}(size_t index)\n{\n    switch (index) {\n${cases}"
    "    default:\n        return (struct bytes){0};\n    }\n}\n")
