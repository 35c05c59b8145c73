# cmake -DIN=file -DOUT=file.c -DNAME=function -DHEADER=header -P embed.cmake
# Writes a C file whose function gives the bytes of IN.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "#include \"${HEADER}\"\n\nstatic const uint8_t content[] = {\n${bytes}};\n\n"
    "struct bytes ${NAME}(void)\n{\n    return bytes_of(content, sizeof content);\n}\n")
