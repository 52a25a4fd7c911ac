/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-via.h"

#include <string.h>

#include "core/proto/duplex-limits.h"

#define OWN "1.1 own"

static DuplexHead *
parse (const char *fields)
{
  g_autoptr (GError) error = NULL;
  g_autofree char   *text = g_strconcat ("GET / HTTP/1.1\r\n", fields, "\r\n", NULL);
  DuplexHead        *head = duplex_head_parse_request ((const guint8 *)text, strlen (text), &error);

  g_assert_no_error (error);
  return head;
}

typedef struct
{
  const char *fields;
  guint       n;
  const char *passed_on; /* in front of our own */
} Case;

static const Case cases[] = {
  { "", 0, "" },
  { "X: Via: 1.1 a\r\n", 0, "" },
  { "Via:\r\n", 0, "" },
  { "Via: 1.1 a\r\n", 1, "1.1 a, " },
  { "via: 1.0 a, 1.1 b.example:8080\r\n", 2, "1.0 a, 1.1 b.example:8080, " },
  { "Via: 1.1 a\r\nX: y\r\nVIA: HTTP/2 [2001:db8::1]:80\r\n", 2,
    "1.1 a, HTTP/2 [2001:db8::1]:80, " },
  { "Via:\t1.1 \t a  \r\n", 1, "1.1 a, " },
  { "Via: ,, 1.1 a ,,, 1.1 b,\r\n", 2, "1.1 a, 1.1 b, " },
  { "Via: 1.1 vegur, 1.1 kong/3.9\r\n", 2, "1.1 vegur, 1.1 kong/3.9, " },
  /* comments, which may hold commas, others and quoted pairs */
  { "Via: 1.1 a (Apache/1.1)\r\n", 1, "1.1 a, " },
  { "Via: 1.1 a (x, 1.1 y), 1.1 b\r\n", 2, "1.1 a, 1.1 b, " },
  { "Via: 1.1 a (x (y, z) , w), 1.1 b\r\n", 2, "1.1 a, 1.1 b, " },
  { "Via: 1.1 a (\\), \\( \\\\), 1.1 b\r\n", 2, "1.1 a, 1.1 b, " },
  { "Via: (x), 1.1 a\r\n", 1, "1.1 a, " },
  { "Via: 1.1 a(x)b\r\n", 1, "1.1 ab, " },
  /* one that is not closed takes its own field only */
  { "Via: 1.1 a (x, 1.1 b\r\nVia: 1.1 c\r\n", 2, "1.1 a, 1.1 c, " },
  { "Via: 1.1 a (x\\\r\nVia: 1.1 c\r\n", 2, "1.1 a, 1.1 c, " },
  { "Via: 1.1 a ((((((((x))), 1.1 b\r\n", 1, "1.1 a, " },
  /* what is no entry counts, and is not passed on */
  { "Via: squid, 1.1, 1.1 a\r\n", 3, "1.1 a, " },
  { "Via: 1.1 a b, 1.1 c\r\n", 2, "1.1 c, " },
  { "Via: 1.1 \"a, 1.1 b\", 1.1 c\r\n", 3, "1.1 c, " },
  { "Via: 1.1 a), 1.1 b\r\n", 2, "1.1 b, " },
  { "Via: 1.1 a\\, 1.1 b\r\n", 2, "1.1 b, " },
  { "Via: 1.1 \303\244, 1.1 b\r\n", 2, "1.1 b, " },
  { "Via: 1.1 <script>;, @1.1 b\r\n", 2, "" },
};

static void
test_extend (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexHead) head = parse (cases[i].fields);
      g_autofree char       *value = duplex_via_extend (head, OWN);
      g_autofree char       *expected = g_strconcat (cases[i].passed_on, OWN, NULL);

      g_assert_cmpstr (value, ==, expected);
      g_assert_cmpuint (duplex_via_count (head), ==, cases[i].n);
    }
}

/* The next proxy finds what this one wrote, and adds to it. */
static void
test_chain (void)
{
  g_autofree char *value = g_strdup ("1.0 first");

  for (guint i = 1; i <= 20; i++)
    {
      g_autofree char       *fields = g_strdup_printf ("Via: %s\r\n", value);
      g_autofree char       *own = g_strdup_printf ("1.1 p%u", i);
      g_autoptr (DuplexHead) head = parse (fields);

      g_assert_cmpuint (duplex_via_count (head), ==, i);
      g_assert_false (duplex_via_has (head, own + strlen ("1.1 ")));
      g_free (value);
      value = duplex_via_extend (head, own);
    }
  g_assert_true (g_str_has_prefix (value, "1.0 first, 1.1 p1, 1.1 p2, "));
  g_assert_true (g_str_has_suffix (value, ", 1.1 p19, 1.1 p20"));
}

static void
test_has (void)
{
  static const struct
  {
    const char *fields;
    gboolean    has;
  } finds[] = {
    { "", FALSE },
    { "X: 1.1 own-1\r\n", FALSE },
    { "Via: 1.1 own-2\r\n", FALSE },
    { "Via: 1.1 own-1\r\n", TRUE },
    { "Via: 1.1 a\r\nvia: 1.1 b, 1.1 own-1 (c)\r\n", TRUE },
    { "Via: 1.1 own-1:443\r\n", TRUE },
    { "Via: 1.1 a (own-1\r\n", TRUE },
    { "Via: \"own-1\"\r\n", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (finds); i++)
    {
      g_autoptr (DuplexHead) head = parse (finds[i].fields);

      g_assert_true (duplex_via_has (head, "own-1") == finds[i].has);
    }
}

/* As much as a head may hold, of one kind. */
static void
test_large (void)
{
  static const struct
  {
    const char *unit;
    guint       repeats;
    guint       n;
    guint       passed_on;
  } units[] = {
    { ",", 60000, 0, 0 },
    { "(", 60000, 0, 0 },
    { "(),", 20000, 0, 0 },
    { "\\", 60000, 1, 0 },
    { "1.1 ", 15000, 1, 0 },
    { "a", 60000, 1, 0 },
    { "1.1 a,", 10000, 10000, 10000 },
    { "\",", 30000, 30000, 0 },
    { "1.1 a(b,),", 6000, 6000, 6000 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      g_autoptr (GString)    fields = g_string_new ("Via: ");
      g_autoptr (DuplexHead) head = NULL;
      g_autofree char       *value = NULL;
      g_auto (GStrv)         entries = NULL;

      for (guint k = 0; k < units[i].repeats; k++)
        g_string_append (fields, units[i].unit);
      g_string_append (fields, "\r\n");
      head = parse (fields->str);
      g_assert_cmpuint (duplex_via_count (head), ==, units[i].n);
      value = duplex_via_extend (head, OWN);
      entries = g_strsplit (value, ", ", 0);
      g_assert_cmpuint (g_strv_length (entries), ==, units[i].passed_on + 1);
    }
}

static void
test_entry_size (void)
{
  g_autofree char       *name = g_strnfill (DUPLEX_LIMIT_VIA_ENTRY - strlen ("1.1 "), 'a');
  g_autofree char       *fields = g_strdup_printf ("Via: 1.1 %s, 1.1 b%s\r\n", name, name);
  g_autofree char       *expected = g_strdup_printf ("1.1 %s, " OWN, name);
  g_autoptr (DuplexHead) head = parse (fields);
  g_autofree char       *value = duplex_via_extend (head, OWN);

  g_assert_cmpstr (value, ==, expected);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/via/extend", test_extend);
  g_test_add_func ("/core/via/chain", test_chain);
  g_test_add_func ("/core/via/has", test_has);
  g_test_add_func ("/core/via/large", test_large);
  g_test_add_func ("/core/via/entry-size", test_entry_size);

  return g_test_run ();
}
