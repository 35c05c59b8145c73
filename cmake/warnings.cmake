# One target that every target of ours links: language level, warnings, instrumentation.
add_library(house INTERFACE)
target_compile_definitions(house INTERFACE _GNU_SOURCE JINQIU_VERSION="${PROJECT_VERSION}")
target_compile_options(house INTERFACE
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
    -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wconversion -Wno-sign-conversion
    -fno-common -fstack-protector-strong)
target_include_directories(house INTERFACE ${PROJECT_SOURCE_DIR})

if(JINQIU_MUTANTS)
    target_compile_definitions(house INTERFACE JINQIU_MUTANTS)
endif()
if(JINQIU_SANITIZE)
    target_compile_options(house INTERFACE -fsanitize=address,undefined
        -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    target_link_options(house INTERFACE -fsanitize=address,undefined)
endif()
if(JINQIU_TSAN)
    target_compile_options(house INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
    target_link_options(house INTERFACE -fsanitize=thread)
endif()
if(JINQIU_COVERAGE)
    # Without optimisation gcc sees uninitialised values where there are none.
    target_compile_options(house INTERFACE --coverage -fprofile-update=atomic
        -Wno-maybe-uninitialized)
    target_link_options(house INTERFACE --coverage)
endif()
if(JINQIU_FUZZ)
    target_compile_options(house INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
    target_link_options(house INTERFACE -fsanitize=address,undefined)
endif()
