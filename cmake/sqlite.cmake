# SQLite3MultipleCiphers 2.4.0 tells SQLite that a read was good when the disk said that it failed, unless
# it was only short: pages would be made of what lay in the buffer (mended upstream after it, in its pull
# request 272; found here by the simulator). So a copy is built in which such a read fails. Sets
# SQLITE_SOURCE; tests/unit/test_read_errors.c looks whether it helps.
set(SQLITE_SOURCE ${CMAKE_BINARY_DIR}/sqlite3.c)
file(READ ${SQLITE_DIR}/sqlite3.c text)
set(ignored "int rc = REALFILE(pFile)->pMethods->xRead(REALFILE(pFile), buffer, count, offset);
  if (rc == SQLITE_IOERR_SHORT_READ)")
string(REPLACE "${ignored}"
    "int rc = REALFILE(pFile)->pMethods->xRead(REALFILE(pFile), buffer, count, offset);
  if (rc != SQLITE_OK)" text "${text}")
set(ignored "rc = REALFILE(pFile)->pMethods->xRead(REALFILE(pFile), pageBuffer, pageSize, prevOffset);
      if (rc == SQLITE_IOERR_SHORT_READ)")
string(REPLACE "${ignored}"
    "rc = REALFILE(pFile)->pMethods->xRead(REALFILE(pFile), pageBuffer, pageSize, prevOffset);
      if (rc != SQLITE_OK)" text "${text}")
# Written when it is another one only, so that it isn't compiled again for nothing.
set(before "")
if(EXISTS ${SQLITE_SOURCE})
    file(READ ${SQLITE_SOURCE} before)
endif()
if(NOT before STREQUAL text)
    file(WRITE ${SQLITE_SOURCE} "${text}")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SQLITE_DIR}/sqlite3.c)
