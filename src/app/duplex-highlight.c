/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-highlight.h"

/* Of the text around it. DejaVu Sans Mono and its like look a size larger than the interface
 * font. */
#define BODY_SCALE   0.9
#define HEADER_SCALE 0.82
#define LINK_SCALE   0.9

/* Room between the header and the body, as a factor of the header's line. */
#define HEADER_LINE_HEIGHT 1.35

/* 0 stands for the colour of the text around it. */
typedef struct
{
  guint32 light;
  guint32 dark;
} Color;

/* Hues of the GNOME palette, shaded until they are legible on the tint of a sent message. */
static const Color colors[DUPLEX_N_HIGHLIGHTS] = {
  [DUPLEX_HIGHLIGHT_KEY] = { 0x1a5098, 0x99c1f1 },
  [DUPLEX_HIGHLIGHT_STRING] = { 0x12683f, 0x8ff0a4 },
  [DUPLEX_HIGHLIGHT_NUMBER] = { 0x813d9c, 0xe3a9f5 },
  [DUPLEX_HIGHLIGHT_KEYWORD] = { 0x9a3d00, 0xffbe6f },
  [DUPLEX_HIGHLIGHT_ESCAPE] = { 0xb0203a, 0xffa348 },
  [DUPLEX_HIGHLIGHT_WARNING] = { 0x8a4500, 0xf8e45c },
  [DUPLEX_HIGHLIGHT_ERROR] = { 0xb5121b, 0xff9a92 },
  [DUPLEX_HIGHLIGHT_LINK] = { 0x1a5fb4, 0x99c1f1 },
};

DuplexHighlight
duplex_highlight_from_json (DuplexJsonToken token)
{
  switch (token)
    {
    case DUPLEX_JSON_KEY:
      return DUPLEX_HIGHLIGHT_KEY;
    case DUPLEX_JSON_STRING:
      return DUPLEX_HIGHLIGHT_STRING;
    case DUPLEX_JSON_NUMBER:
      return DUPLEX_HIGHLIGHT_NUMBER;
    case DUPLEX_JSON_TRUE:
    case DUPLEX_JSON_FALSE:
    case DUPLEX_JSON_NULL:
      return DUPLEX_HIGHLIGHT_KEYWORD;
    default:
      return DUPLEX_HIGHLIGHT_BODY;
    }
}

gboolean
duplex_highlight_get_color (DuplexHighlight kind,
                            gboolean        dark,
                            guint32        *ret_rgb)
{
  guint32 rgb;

  g_return_val_if_fail (kind < DUPLEX_N_HIGHLIGHTS, FALSE);

  rgb = dark ? colors[kind].dark : colors[kind].light;
  if (rgb == 0)
    return FALSE;

  *ret_rgb = rgb;
  return TRUE;
}

static void
insert (PangoAttrList             *attrs,
        const DuplexHighlightSpan *span,
        PangoAttribute            *attr)
{
  attr->start_index = (guint)span->offset;
  attr->end_index = (guint)(span->offset + span->len);
  pango_attr_list_insert (attrs, attr);
}

static void
insert_font (PangoAttrList             *attrs,
             const DuplexHighlightSpan *span)
{
  const guint16 dim_alpha = (guint16)(DUPLEX_HIGHLIGHT_DIM_ALPHA * G_MAXUINT16);

  switch (span->kind)
    {
    case DUPLEX_HIGHLIGHT_BODY:
      insert (attrs, span, pango_attr_family_new ("monospace"));
      insert (attrs, span, pango_attr_scale_new (BODY_SCALE));
      break;
    case DUPLEX_HIGHLIGHT_HEADER:
      insert (attrs, span, pango_attr_scale_new (HEADER_SCALE));
      insert (attrs, span, pango_attr_line_height_new (HEADER_LINE_HEIGHT));
      break;
    case DUPLEX_HIGHLIGHT_STRONG:
    case DUPLEX_HIGHLIGHT_WARNING:
    case DUPLEX_HIGHLIGHT_ERROR:
      insert (attrs, span, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
      break;
    case DUPLEX_HIGHLIGHT_DIM:
      insert (attrs, span, pango_attr_foreground_alpha_new (dim_alpha));
      break;
    case DUPLEX_HIGHLIGHT_LINK:
      insert (attrs, span, pango_attr_scale_new (LINK_SCALE));
      insert (attrs, span, pango_attr_underline_new (PANGO_UNDERLINE_SINGLE));
      break;
    default:
      break;
    }
}

PangoAttrList *
duplex_highlight_new_attrs (const DuplexHighlightSpan *spans,
                            gsize                      n_spans,
                            gboolean                   dark)
{
  PangoAttrList *attrs = pango_attr_list_new ();

  g_return_val_if_fail (spans != NULL || n_spans == 0, attrs);

  /* A hyphen where a long word wraps would look like one that was sent. */
  pango_attr_list_insert (attrs, pango_attr_insert_hyphens_new (FALSE));

  for (gsize i = 0; i < n_spans; i++)
    {
      guint32 rgb;

      insert_font (attrs, &spans[i]);
      if (!duplex_highlight_get_color (spans[i].kind, dark, &rgb))
        continue;

      /* Without an opacity of its own a colour takes that of the text around it. */
      insert (attrs, &spans[i], pango_attr_foreground_alpha_new (G_MAXUINT16));
      insert (attrs, &spans[i],
              pango_attr_foreground_new ((guint16)((rgb >> 16 & 0xff) * 0x101),
                                         (guint16)((rgb >> 8 & 0xff) * 0x101),
                                         (guint16)((rgb & 0xff) * 0x101)));
    }

  return attrs;
}
