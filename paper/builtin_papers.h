#ifndef PAPER_BUILTIN_PAPERS_H
#define PAPER_BUILTIN_PAPERS_H

/* The files of schema/papers, by place; empty bytes behind the last. */

#include "common/bytes.h"

struct bytes builtin_papers(size_t index);

#endif
