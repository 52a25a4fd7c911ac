/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

/* Runs a fuzz target without libFuzzer: over the files of its corpus, then over random changes of
 * them, the same ones in every run. Usage: driver CORPUS [RUNS] */

/* Arbitrary, and fixed: a failure comes again under a debugger. */
#define SEED     20110413

#define MAX_SIZE 4096

/* Values on which parsers trip: signs, ends of ranges, and bytes with a meaning in our formats. */
static const guint8 telling[] = {
  0x00, 0x01, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x88, 0x89, 0xbf, 0xc0, 0xe2, 0xed,
  0xf4, 0xfe, 0xff, '\r', '\n', ' ', ':', ',', '"', '\\', '{', '[', '}', ']'
};

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *
load_corpus (const char *path)
{
  GPtrArray            *corpus = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError)    error = NULL;
  g_autoptr (GDir)      dir = g_dir_open (path, 0, &error);
  const char           *name;

  if (dir == NULL)
    g_error ("%s", error->message);

  /* The order of a folder differs between machines; the runs must not. */
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort (names, compare_names);

  for (guint i = 0; i < names->len; i++)
    {
      char *contents;
      gsize size;

      if (!g_file_get_contents (names->pdata[i], &contents, &size, &error))
        g_error ("%s", error->message);
      g_ptr_array_add (corpus, g_bytes_new_take (contents, size));
    }

  return corpus;
}

static void
append_file (GByteArray *input,
             GPtrArray  *corpus,
             GRand      *rand)
{
  GBytes *file = corpus->pdata[g_rand_int_range (rand, 0, corpus->len)];

  g_byte_array_append (input, g_bytes_get_data (file, NULL), g_bytes_get_size (file));
}

static void
mutate (GByteArray *input,
        GPtrArray  *corpus,
        GRand      *rand)
{
  guint  at = input->len > 0 ? g_rand_int_range (rand, 0, input->len) : 0;
  guint  some = g_rand_int_range (rand, 0, 9);
  guint8 byte = telling[g_rand_int_range (rand, 0, G_N_ELEMENTS (telling))];

  switch (input->len > 0 ? g_rand_int_range (rand, 0, 6) : 5)
    {
    case 0:
      input->data[at] ^= 1 << g_rand_int_range (rand, 0, 8);
      break;
    case 1:
      input->data[at] = byte;
      break;
    case 2:
      g_byte_array_remove_range (input, at, MIN (input->len - at, some));
      break;
    case 3:
      g_byte_array_set_size (input, at);
      break;
    case 4:
      g_byte_array_append (input, &byte, 1);
      memmove (input->data + at + 1, input->data + at, input->len - at - 1);
      input->data[at] = byte;
      break;
    default:
      append_file (input, corpus, rand);
      break;
    }
}

/* The input is in memory of its own and of its own size, so that a sanitizer sees every byte that
 * is read past it. */
static void
run (const guint8 *data,
     gsize         size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GPtrArray) corpus = NULL;
  g_autoptr (GRand)     rand = g_rand_new_with_seed (SEED);
  guint64               runs = argc > 2 ? g_ascii_strtoull (argv[2], NULL, 10) : 0;

  g_assert_cmpint (argc, >, 1);
  g_log_set_always_fatal (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  corpus = load_corpus (argv[1]);
  g_assert_cmpuint (corpus->len, >, 0);
  run (NULL, 0);
  for (guint i = 0; i < corpus->len; i++)
    run (g_bytes_get_data (corpus->pdata[i], NULL), g_bytes_get_size (corpus->pdata[i]));

  for (guint64 i = 0; i < runs; i++)
    {
      g_autoptr (GByteArray) input = g_byte_array_new ();

      append_file (input, corpus, rand);
      for (guint32 n = 1 + g_rand_int (rand) % 4; n > 0; n--)
        mutate (input, corpus, rand);
      run (input->data, MIN (input->len, MAX_SIZE));
    }

  g_print ("%u files and %" G_GUINT64_FORMAT " changes of them\n", corpus->len, runs);
  return 0;
}
