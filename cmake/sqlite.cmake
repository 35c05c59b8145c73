# SQLite3MultipleCiphers 2.4.0 as it is built here: a copy in which two faults are mended. Sets
# SQLITE_SOURCE.
#
# - It told SQLite that a read was good when the disk said that it failed, unless it was only short: pages
#   would be made of what lay in the buffer (mended upstream after it, in its pull request 272; found here
#   by the simulator). tests/unit/test_read_errors.c looks whether it helps.
# - Opening a database without memory for the ciphers' parameters wrote to address 0
#   (tests/property/test_failing_commands.c).
set(SQLITE_SOURCE ${CMAKE_BINARY_DIR}/sqlite3.c)
file(READ ${SQLITE_DIR}/sqlite3.c text)

# Every place where FAULTY stands is mended; that there is one is a must.
function(sqlite_mend faulty mended)
    string(FIND "${text}" "${faulty}" place)
    if(place EQUAL -1)
        message(FATAL_ERROR "this SQLite3MultipleCiphers is another one: '${faulty}' isn't in it")
    endif()
    string(REPLACE "${faulty}" "${mended}" text "${text}")
    set(text "${text}" PARENT_SCOPE)
endfunction()

sqlite_mend("int rc = REALFILE(pFile)->pMethods->xRead(REALFILE(pFile), buffer, count, offset);
  if (rc == SQLITE_IOERR_SHORT_READ)"
    "int rc = REALFILE(pFile)->pMethods->xRead(REALFILE(pFile), buffer, count, offset);
  if (rc != SQLITE_OK)")
sqlite_mend("rc = REALFILE(pFile)->pMethods->xRead(REALFILE(pFile), pageBuffer, pageSize, prevOffset);
      if (rc == SQLITE_IOERR_SHORT_READ)"
    "rc = REALFILE(pFile)->pMethods->xRead(REALFILE(pFile), pageBuffer, pageSize, prevOffset);
      if (rc != SQLITE_OK)")
sqlite_mend("  /* Create copy of tables */
  if (cloneCodecParams != NULL)"
    "  /* Create copy of tables */
  if (cloneCipherParams == NULL)
  {
    sqlite3_free(cloneCodecParams);
    cloneCodecParams = NULL;
  }
  if (cloneCodecParams != NULL)")

# Written when it is another one only, so that it isn't compiled again for nothing.
set(before "")
if(EXISTS ${SQLITE_SOURCE})
    file(READ ${SQLITE_SOURCE} before)
endif()
if(NOT before STREQUAL text)
    file(WRITE ${SQLITE_SOURCE} "${text}")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SQLITE_DIR}/sqlite3.c)
