/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A fuzz target is one function over bytes; a broken promise ends the program. libFuzzer calls it
 * (-Dfuzzing=true with clang), or driver.c, which every build has and which runs as a test. */

#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* Takes bytes from the front of an input, so that it can also decide how it is used. */
typedef struct
{
  const guint8 *data;
  gsize         size;
} FuzzInput;

/* 0 when there is none. */
static inline guint8
fuzz_take_byte (FuzzInput *input)
{
  if (input->size == 0)
    return 0;

  input->size--;
  return *input->data++;
}

/* At most max bytes; how many there are is in the first byte. */
static inline const guint8 *
fuzz_take_bytes (FuzzInput *input,
                 gsize      max,
                 gsize     *ret_size)
{
  const guint8 *bytes;
  gsize         size = fuzz_take_byte (input) % (max + 1);

  size = MIN (size, input->size);
  bytes = input->data;
  input->data += size;
  input->size -= size;
  *ret_size = size;
  return bytes;
}
