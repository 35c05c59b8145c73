#ifndef CLIENT_LIVES_H
#define CLIENT_LIVES_H

/* A device that lived twice (its folder was put back from a copy, or runs on two machines): what a
 * client does after a session to go on with one life. Sessions and links know nothing of it. */

#include "common/replica.h"

/* Sessions in a row that it may take. */
#define LIVES_SESSIONS_MAX 4

/* `ended`: how the session with the hub ended. Makes room for what the hub knows, or saves anew
 * what made room. *again: another session with the hub is needed now. */
enum status lives_settle(struct replica *replica, enum status ended, bool *again,
                         struct error *err);

#endif
