# A program for people: installed, with the manual page that it prints itself.
include(GNUInstallDirs)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)

function(house_program program)
    add_custom_command(TARGET ${program} POST_BUILD VERBATIM
        COMMAND ${program} --man > ${PROJECT_BINARY_DIR}/man/${program}.1)
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(FILES ${PROJECT_BINARY_DIR}/man/${program}.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endfunction()
