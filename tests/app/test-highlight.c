/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-highlight.h"

#include <math.h>

/* WCAG 2.1: relative luminance and contrast ratio. */
static double
get_luminance (guint32 rgb)
{
  const double weights[3] = { 0.2126, 0.7152, 0.0722 };
  double       sum = 0;

  for (guint i = 0; i < 3; i++)
    {
      double c = (rgb >> (16 - 8 * i) & 0xff) / 255.0;

      sum += weights[i] * (c <= 0.03928 ? c / 12.92 : pow ((c + 0.055) / 1.055, 2.4));
    }

  return sum;
}

static double
get_contrast (guint32 a,
              guint32 b)
{
  double x = get_luminance (a);
  double y = get_luminance (b);

  return (MAX (x, y) + 0.05) / (MIN (x, y) + 0.05);
}

/* What CSS mix() does. */
static guint32
mix (guint32 a,
     guint32 b,
     double  part)
{
  guint32 rgb = 0;

  for (guint shift = 0; shift <= 16; shift += 8)
    rgb |= (guint32)lround ((a >> shift & 0xff) * (1 - part) + (b >> shift & 0xff) * part) << shift;

  return rgb;
}

/* The backgrounds of style.css with the colours of libadwaita; the strongest tints, under the
 * pointer. */
static const guint32 view[2] = { 0xffffff, 0x1e1e1e };
static const guint32 text[2] = { 0x000000, 0xffffff };

#define ACCENT 0x3584e4

static void
get_backgrounds (gboolean dark,
                 guint32  ret_backgrounds[3])
{
  ret_backgrounds[0] = view[dark];
  ret_backgrounds[1] = mix (view[dark], ACCENT, 0.20);
  ret_backgrounds[2] = mix (view[dark], text[dark], 0.08);
}

static void
test_contrast (void)
{
  guint32 backgrounds[3];

  for (gboolean dark = FALSE; dark <= TRUE; dark++)
    {
      get_backgrounds (dark, backgrounds);
      for (guint kind = 0; kind < DUPLEX_N_HIGHLIGHTS; kind++)
        {
          guint32 rgb;

          if (!duplex_highlight_get_color (kind, dark, &rgb))
            continue;

          for (guint i = 0; i < G_N_ELEMENTS (backgrounds); i++)
            {
              g_test_message ("kind %u, dark %d: #%06x on #%06x", kind, dark, rgb, backgrounds[i]);
              g_assert_cmpfloat (get_contrast (rgb, backgrounds[i]), >=, 4.5);
            }
        }
    }
}

static void
test_contrast_dim (void)
{
  guint32 backgrounds[3];

  for (gboolean dark = FALSE; dark <= TRUE; dark++)
    {
      get_backgrounds (dark, backgrounds);
      for (guint i = 0; i < G_N_ELEMENTS (backgrounds); i++)
        {
          guint32 shown = mix (backgrounds[i], text[dark], DUPLEX_HIGHLIGHT_DIM_ALPHA);

          g_assert_cmpfloat (get_contrast (shown, backgrounds[i]), >=, 4.5);
        }
    }
}

static void
test_plain (void)
{
  guint32 rgb = 0x123456;

  g_assert_false (duplex_highlight_get_color (DUPLEX_HIGHLIGHT_BODY, FALSE, &rgb));
  g_assert_false (duplex_highlight_get_color (DUPLEX_HIGHLIGHT_DIM, TRUE, &rgb));
  g_assert_cmphex (rgb, ==, 0x123456);
}

static void
test_json (void)
{
  g_assert_cmpint (duplex_highlight_from_json (DUPLEX_JSON_KEY), ==, DUPLEX_HIGHLIGHT_KEY);
  g_assert_cmpint (duplex_highlight_from_json (DUPLEX_JSON_STRING), ==, DUPLEX_HIGHLIGHT_STRING);
  g_assert_cmpint (duplex_highlight_from_json (DUPLEX_JSON_NUMBER), ==, DUPLEX_HIGHLIGHT_NUMBER);
  g_assert_cmpint (duplex_highlight_from_json (DUPLEX_JSON_TRUE), ==, DUPLEX_HIGHLIGHT_KEYWORD);
  g_assert_cmpint (duplex_highlight_from_json (DUPLEX_JSON_NULL), ==, DUPLEX_HIGHLIGHT_KEYWORD);
  g_assert_cmpint (duplex_highlight_from_json (DUPLEX_JSON_COMMA), ==, DUPLEX_HIGHLIGHT_BODY);
}

/* The colour that a layout would draw the byte at index in, or 0. */
static guint32
get_color_at (PangoAttrList *attrs,
              int            index)
{
  PangoAttrIterator *iter = pango_attr_list_get_iterator (attrs);
  guint32            rgb = 0;

  do
    {
      int             start;
      int             end;
      PangoAttribute *attr;

      pango_attr_iterator_range (iter, &start, &end);
      attr = pango_attr_iterator_get (iter, PANGO_ATTR_FOREGROUND);
      if (index >= start && index < end && attr != NULL)
        {
          PangoColor color = ((PangoAttrColor *)attr)->color;

          rgb =
            (guint32)(color.red >> 8) << 16 | (guint32)(color.green >> 8) << 8 | color.blue >> 8;
        }
  } while (pango_attr_iterator_next (iter));

  pango_attr_iterator_destroy (iter);
  return rgb;
}

static void
test_spans (void)
{
  const DuplexHighlightSpan spans[] = {
    { 0, 20, DUPLEX_HIGHLIGHT_BODY },
    { 2, 10, DUPLEX_HIGHLIGHT_STRING },
    { 4, 3, DUPLEX_HIGHLIGHT_ESCAPE },
  };

  for (gboolean dark = FALSE; dark <= TRUE; dark++)
    {
      g_autoptr (PangoAttrList) attrs =
        duplex_highlight_new_attrs (spans, G_N_ELEMENTS (spans), dark);
      guint32 string = 0;
      guint32 escape = 0;

      g_assert_true (duplex_highlight_get_color (DUPLEX_HIGHLIGHT_STRING, dark, &string));
      g_assert_true (duplex_highlight_get_color (DUPLEX_HIGHLIGHT_ESCAPE, dark, &escape));
      g_assert_cmphex (get_color_at (attrs, 1), ==, 0);
      g_assert_cmphex (get_color_at (attrs, 2), ==, string);
      g_assert_cmphex (get_color_at (attrs, 4), ==, escape);
      g_assert_cmphex (get_color_at (attrs, 6), ==, escape);
      g_assert_cmphex (get_color_at (attrs, 7), ==, string);
      g_assert_cmphex (get_color_at (attrs, 12), ==, 0);
    }
}

/* What is shown is what was sent: no hyphens where a word wraps, wherever it stands. */
static void
test_hyphens (void)
{
  const DuplexHighlightSpan spans[] = { { 4, 8, DUPLEX_HIGHLIGHT_BODY } };
  g_autoptr (PangoAttrList) attrs = duplex_highlight_new_attrs (spans, G_N_ELEMENTS (spans), FALSE);
  PangoAttrIterator        *iter = pango_attr_list_get_iterator (attrs);

  do
    {
      PangoAttribute *attr = pango_attr_iterator_get (iter, PANGO_ATTR_INSERT_HYPHENS);
      int             start;
      int             end;

      /* The last range is behind everything. */
      pango_attr_iterator_range (iter, &start, &end);
      if (start == end)
        continue;
      g_assert_nonnull (attr);
      g_assert_false (((PangoAttrInt *)attr)->value);
  } while (pango_attr_iterator_next (iter));

  pango_attr_iterator_destroy (iter);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/highlight/contrast/colours", test_contrast);
  g_test_add_func ("/app/highlight/contrast/dim", test_contrast_dim);
  g_test_add_func ("/app/highlight/plain", test_plain);
  g_test_add_func ("/app/highlight/json", test_json);
  g_test_add_func ("/app/highlight/spans", test_spans);
  g_test_add_func ("/app/highlight/hyphens", test_hyphens);

  return g_test_run ();
}
