# Every library that we link, in one place; docs/dependencies.md says why each is here.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd>=1.5)
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode>=4.1)
pkg_check_modules(ZBAR REQUIRED IMPORTED_TARGET zbar>=0.23)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng>=1.6)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libturbojpeg>=2.1)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3.0)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(XLSXWRITER REQUIRED IMPORTED_TARGET xlsxwriter>=1.1)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip>=1.7)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat>=2.4)
pkg_check_modules(PANGOCAIRO REQUIRED IMPORTED_TARGET pangocairo>=1.50 cairo-pdf>=1.16)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka>=1.1.5)
pkg_check_modules(MSGPACK IMPORTED_TARGET msgpack)
if(NOT MSGPACK_FOUND)
    pkg_check_modules(MSGPACK REQUIRED IMPORTED_TARGET msgpack-c)
endif()

find_path(LLHTTP_DIR llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH)
if(NOT LLHTTP_DIR OR NOT LLHTTP_INCLUDE)
    message(FATAL_ERROR "no source of llhttp: install Debian's node-llhttp")
endif()

find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_path(UNIHAN_DIR NAMES Unihan_Readings.txt.bz2 Unihan_Readings.txt PATHS /usr/share/unicode
    NO_DEFAULT_PATH)
if(NOT UNIHAN_DIR)
    message(FATAL_ERROR "no Unihan database: install Debian's unicode-data")
endif()

if(JINQIU_SYSTEM_SQLITE)
    pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3>=3.40)
    add_library(sqlite INTERFACE)
    target_link_libraries(sqlite INTERFACE PkgConfig::SQLITE3)
    target_compile_definitions(sqlite INTERFACE JINQIU_SYSTEM_SQLITE=1)
else()
    set(SQLITE_DIR ${PROJECT_SOURCE_DIR}/node_modules/better-sqlite3-multiple-ciphers/deps/sqlite3)
    if(NOT EXISTS ${SQLITE_DIR}/sqlite3.c)
        message(FATAL_ERROR "no SQLite3MultipleCiphers in node_modules: run 'npm ci --ignore-scripts'")
    endif()
    include(cmake/sqlite.cmake)
    add_library(sqlite STATIC ${SQLITE_SOURCE})
    target_include_directories(sqlite SYSTEM PUBLIC ${SQLITE_DIR})
    # Durable by default, no temp files in clear, nothing loaded from outside.
    target_compile_definitions(sqlite PRIVATE
        SQLITE_DEFAULT_WAL_SYNCHRONOUS=2 SQLITE_DEFAULT_SYNCHRONOUS=2
        SQLITE_POWERSAFE_OVERWRITE=0 SQLITE_DQS=0 SQLITE_TRUSTED_SCHEMA=0 SQLITE_TEMP_STORE=3
        SQLITE_OMIT_LOAD_EXTENSION SQLITE_OMIT_DEPRECATED SQLITE_MAX_ATTACHED=1
        SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_LIKE_DOESNT_MATCH_BLOBS SQLITE_THREADSAFE=2
        SQLITE_ENABLE_FTS5 SQLITE_ENABLE_MATH_FUNCTIONS SQLITE_USE_ALLOCA
        HAVE_FDATASYNC=1 SQLITE_USE_URI=0 SQLITE_ENABLE_NULL_TRIM
        # Its ciphers that we never use; how a page looks is ours (common/page_aead.h).
        HAVE_CIPHER_AES_128_CBC=0 HAVE_CIPHER_AES_256_CBC=0 HAVE_CIPHER_SQLCIPHER=0
        HAVE_CIPHER_RC4=0 HAVE_CIPHER_ASCON128=0)
    target_compile_options(sqlite PRIVATE -w -O2)
    # One file as it is: optimising it anew in every link only costs time.
    set_target_properties(sqlite PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
    target_link_libraries(sqlite PUBLIC Threads::Threads m ${CMAKE_DL_LIBS})
endif()
