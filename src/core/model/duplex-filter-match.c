/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-filter-private.h"

#include <string.h>

#include "core/model/duplex-filter-time.h"
#include "core/model/duplex-json-number.h"
#include "core/model/duplex-payload-pieces.h"
#include "core/model/duplex-row.h"
#include "core/proto/duplex-close-code.h"

static gboolean
is_op_true (DuplexFilterOp op,
            int            order)
{
  switch (op)
    {
    case DUPLEX_FILTER_EQUAL:
      return order == 0;
    case DUPLEX_FILTER_UNEQUAL:
      return order != 0;
    case DUPLEX_FILTER_LESS:
      return order < 0;
    case DUPLEX_FILTER_LESS_OR_EQUAL:
      return order <= 0;
    case DUPLEX_FILTER_GREATER:
      return order > 0;
    case DUPLEX_FILTER_GREATER_OR_EQUAL:
      return order >= 0;
    case DUPLEX_FILTER_EXISTS:
      return TRUE;
    case DUPLEX_FILTER_CONTAINS:
    case DUPLEX_FILTER_MATCHES:
    default:
      g_assert_not_reached ();
    }
}

/* Numbers */

static gboolean
is_number_true (const DuplexFilterNode *self,
                gint64                  number)
{
  return is_op_true (self->op, number < self->low ? -1 : number > self->high);
}

static gint64
clamp (guint64 number)
{
  return (gint64)MIN (number, G_MAXINT64);
}

static gboolean
is_frame (const DuplexEvent *event)
{
  return event->kind == DUPLEX_EVENT_FRAME || event->kind == DUPLEX_EVENT_UNFINISHED;
}

/* As duplex_row_get_kind() says it; a row that was lost has none. */
static gboolean
get_kind (const DuplexEvent *event,
          gint64            *ret_kind)
{
  if (event->kind == DUPLEX_EVENT_LOST)
    return FALSE;

  if (!is_frame (event))
    *ret_kind = DUPLEX_ROW_STATE;
  else if (event->opcode == DUPLEX_OPCODE_TEXT)
    *ret_kind = DUPLEX_ROW_TEXT;
  else if (duplex_opcode_is_control (event->opcode) || duplex_opcode_is_reserved (event->opcode))
    *ret_kind = DUPLEX_ROW_CONTROL;
  else
    *ret_kind = DUPLEX_ROW_BINARY;

  return TRUE;
}

/* The end of a connection has another beside it: see match_number(). */
static gboolean
get_code (const DuplexFilterRow *row,
          gint64                *ret_code)
{
  const DuplexEvent *event = row->event;
  const char        *reason;
  gsize              reason_len;
  DuplexFinding      finding;

  if (event->kind == DUPLEX_EVENT_CLOSED)
    {
      *ret_code = event->value;
      return TRUE;
    }
  if (event->kind != DUPLEX_EVENT_FRAME || event->opcode != DUPLEX_OPCODE_CLOSE ||
      (event->payload == NULL && event->payload_size > 0))
    return FALSE;

  *ret_code = duplex_close_body_parse (event->payload, event->payload_size, &reason, &reason_len,
                                       &finding);
  return TRUE;
}

/* Of a state there are none. */
static gint64
get_frames (const DuplexEvent *event)
{
  if (!is_frame (event))
    return 0;

  return event->message != 0 ? event->n_frames : 1;
}

static gboolean
get_bookmark (const DuplexFilterRow *row,
              gint64                *ret_bookmark)
{
  gboolean is_bookmarked;

  if (!duplex_capture_get_note (row->capture, row->event->number, &is_bookmarked, NULL))
    return FALSE;

  *ret_bookmark = 1;
  return is_bookmarked;
}

static gboolean
get_compressed (const DuplexFilterRow *row,
                gint64                *ret_compressed)
{
  *ret_compressed = 1;
  return duplex_payload_is_compressed (row->capture, row->event);
}

static gboolean
get_leg (const DuplexFilterRow *row,
         gint64                *ret_leg,
         gint64                *ret_pair)
{
  guint32          pair;
  DuplexCaptureLeg leg = duplex_capture_get_leg (row->capture, row->event->connection, &pair);

  if (ret_leg != NULL)
    *ret_leg = leg;
  if (ret_pair != NULL)
    *ret_pair = pair;
  return leg != DUPLEX_CAPTURE_LEG_NONE;
}

/* FALSE where the row has no such thing. */
static gboolean
get_number (const DuplexFilterNode *self,
            const DuplexFilterRow  *row,
            gint64                 *ret_number)
{
  const DuplexEvent *event = row->event;

  switch (self->field)
    {
    case DUPLEX_FILTER_FIELD_BOOKMARK:
      return get_bookmark (row, ret_number);
    case DUPLEX_FILTER_FIELD_CODE:
      return get_code (row, ret_number);
    case DUPLEX_FILTER_FIELD_COMPRESSED:
      return get_compressed (row, ret_number);
    case DUPLEX_FILTER_FIELD_CONNECTION:
      *ret_number = event->connection;
      return event->kind != DUPLEX_EVENT_LOST;
    case DUPLEX_FILTER_FIELD_DIRECTION:
      *ret_number = event->direction;
      return event->direction != DUPLEX_DIRECTION_NONE;
    case DUPLEX_FILTER_FIELD_EVENT:
      *ret_number = clamp (event->number);
      return TRUE;
    case DUPLEX_FILTER_FIELD_FRAMES:
      *ret_number = get_frames (event);
      return event->kind != DUPLEX_EVENT_LOST;
    case DUPLEX_FILTER_FIELD_KIND:
      return get_kind (event, ret_number);
    case DUPLEX_FILTER_FIELD_LEG:
      return get_leg (row, ret_number, NULL);
    case DUPLEX_FILTER_FIELD_OPCODE:
      *ret_number = event->opcode;
      return is_frame (event);
    case DUPLEX_FILTER_FIELD_PAIR:
      return get_leg (row, NULL, ret_number);
    case DUPLEX_FILTER_FIELD_SIZE:
      *ret_number = clamp (duplex_event_get_row_size (event));
      return event->kind != DUPLEX_EVENT_LOST;
    case DUPLEX_FILTER_FIELD_TIME:
      *ret_number = event->time_us;
      return TRUE;
    case DUPLEX_FILTER_FIELD_TIME_OF_DAY:
      *ret_number = duplex_filter_time_get_of_day (event->time_us, self->zone);
      return TRUE;
    case DUPLEX_FILTER_FIELD_WIRE_SIZE:
      *ret_number = clamp (duplex_event_get_row_wire_size (event));
      return event->kind != DUPLEX_EVENT_LOST;
    default:
      g_assert_not_reached ();
    }
}

/* Texts */

static gboolean
search_piece (const guint8 *data,
              gsize         size,
              gpointer      user_data)
{
  return duplex_filter_needle_is_in (user_data, data, size);
}

static int
compare_bytes (const guint8  *data,
               gsize          size,
               const GString *text)
{
  gsize common = MIN (size, text->len);
  int   order = common > 0 ? memcmp (data, text->str, common) : 0;

  return order != 0 ? order : (size > text->len) - (size < text->len);
}

/* Whether a text that is whole in memory passes. */
static gboolean
is_text_true (const DuplexFilterNode *self,
              const guint8           *data,
              gsize                   size,
              const gint             *stop)
{
  if (self->op == DUPLEX_FILTER_CONTAINS)
    return duplex_filter_needle_is_in (self->needle, data, size);
  if (self->op == DUPLEX_FILTER_MATCHES)
    return duplex_filter_regex_is_in (self->regex, data, size, stop);

  return is_op_true (self->op, self->text != NULL ? compare_bytes (data, size, self->text) : 0);
}

static gboolean
match_row_text (const DuplexFilterNode *self,
                DuplexFilterRow        *row)
{
  const DuplexEvent *event = row->event;
  const guint8      *data;
  gsize              size;

  /* What ended a connection has two reasons. */
  if (event->sent_reason_size > 0 &&
      is_text_true (self, (const guint8 *)event->sent_reason, event->sent_reason_size, row->stop))
    return TRUE;
  if (self->op == DUPLEX_FILTER_CONTAINS)
    return duplex_filter_row_search (row, duplex_filter_needle_get_overlap (self->needle),
                                     search_piece, self->needle);

  duplex_filter_row_get_text (row, &data, &size);
  return is_text_true (self, data, size, row->stop);
}

static gboolean
match_comment (const DuplexFilterNode *self,
               const DuplexFilterRow  *row)
{
  g_autofree char *comment = NULL;
  gboolean         is_bookmarked;

  if (!duplex_capture_get_note (row->capture, row->event->number, &is_bookmarked, &comment) ||
      comment == NULL)
    return FALSE;

  return is_text_true (self, (const guint8 *)comment, strlen (comment), row->stop);
}

/* Findings: any of those of any event of the row. */

typedef struct
{
  const DuplexFilterNode *node;
  const DuplexFilterRow  *row;
  gboolean                is_found;
} FindingWalk;

static gboolean
is_finding_true (const DuplexFilterNode *self,
                 DuplexFindingId         id)
{
  const char *name;

  if (self->field == DUPLEX_FILTER_FIELD_SEVERITY)
    return is_number_true (self, duplex_finding_get_severity (id));

  name = duplex_finding_get_name (id);
  return is_text_true (self, (const guint8 *)name, strlen (name), NULL);
}

static gboolean
look_at_findings (const DuplexEvent *event,
                  gpointer           user_data)
{
  FindingWalk *walk = user_data;

  if (event->n_findings == 0 || !duplex_filter_row_has_event (walk->row, event))
    return TRUE;

  for (guint i = 0; i < event->n_findings && !walk->is_found; i++)
    walk->is_found = is_finding_true (walk->node, event->findings[i].id);

  return !walk->is_found;
}

static gboolean
match_findings (const DuplexFilterNode *self,
                const DuplexFilterRow  *row)
{
  FindingWalk walk = { self, row, FALSE };

  if (duplex_filter_row_is_in_parts (row))
    duplex_capture_walk (row->capture, row->event->first, row->event->number, look_at_findings,
                         &walk);
  else
    look_at_findings (row->event, &walk);

  return walk.is_found;
}

/* JSON */

typedef struct
{
  const DuplexFilterNode *node;
  const gint             *stop;
} ValueTest;

static gboolean
is_json_text_true (const DuplexFilterNode *self,
                   const DuplexJsonValue  *value,
                   const gint             *stop)
{
  const guint8       *data = (const guint8 *)value->text;
  g_autoptr (GString) decoded = NULL;

  if (value->token != DUPLEX_JSON_STRING)
    return is_text_true (self, data, value->len, stop);
  if (memchr (data, '\\', value->len) == NULL)
    return is_text_true (self, data + 1, value->len - 2, stop);

  decoded = g_string_sized_new (value->len);
  duplex_json_string_decode (value->text, value->len, decoded);
  return is_text_true (self, (const guint8 *)decoded->str, decoded->len, stop);
}

static gboolean
is_value_true (const DuplexJsonValue *value,
               gpointer               user_data)
{
  const ValueTest        *test = user_data;
  const DuplexFilterNode *self = test->node;

  if (self->op == DUPLEX_FILTER_EXISTS)
    return TRUE;
  if (self->op == DUPLEX_FILTER_CONTAINS || self->op == DUPLEX_FILTER_MATCHES)
    return is_json_text_true (self, value, test->stop);

  /* Values of two types are not equal, and none is less than the other. */
  if (value->token != self->token)
    return self->op == DUPLEX_FILTER_UNEQUAL;
  if (value->token == DUPLEX_JSON_STRING)
    return is_json_text_true (self, value, test->stop);
  if (value->token == DUPLEX_JSON_NUMBER)
    return is_op_true (self->op, duplex_json_number_compare (value->text, value->len,
                                                             self->text->str, self->text->len));

  return is_op_true (self->op, 0);
}

static gboolean
match_json (const DuplexFilterNode *self,
            DuplexFilterRow        *row)
{
  gboolean                  is_whole = self->op >= DUPLEX_FILTER_CONTAINS;
  ValueTest                 test = { self, row->stop };
  DuplexJsonPathMode        mode = is_whole ? DUPLEX_JSON_PATH_WHOLE : DUPLEX_JSON_PATH_BEGIN;
  const DuplexFilterNeedle *hint = self->needle != NULL ? self->needle : self->hint;
  const guint8             *data;
  gsize                     size;

  duplex_filter_row_get_text (row, &data, &size);
  if (size == 0)
    return FALSE;
  if (hint != NULL && !duplex_filter_needle_is_in (hint, data, size) &&
      memchr (data, '\\', size) == NULL)
    return FALSE;

  return duplex_json_path_find (self->path, (const char *)data, size, mode, is_value_true,
                                &test);
}

/* The tree */

static gboolean
match_number (const DuplexFilterNode *self,
              DuplexFilterRow        *row)
{
  const DuplexEvent *event = row->event;
  gint64             number = 0;

  if (self->field == DUPLEX_FILTER_FIELD_SEVERITY)
    return match_findings (self, row);
  if (self->field == DUPLEX_FILTER_FIELD_CODE && event->sent_code != 0 &&
      is_number_true (self, event->sent_code))
    return TRUE;

  return get_number (self, row, &number) && is_number_true (self, number);
}

static gboolean
match_text (const DuplexFilterNode *self,
            DuplexFilterRow        *row)
{
  switch (self->field)
    {
    case DUPLEX_FILTER_FIELD_TEXT:
      return match_row_text (self, row);
    case DUPLEX_FILTER_FIELD_COMMENT:
      return match_comment (self, row);
    case DUPLEX_FILTER_FIELD_FINDING:
      return match_findings (self, row);
    default:
      g_assert_not_reached ();
    }
}

static gboolean
match_any (const DuplexFilterNode *self,
           DuplexFilterRow        *row,
           gboolean                wanted)
{
  for (guint i = 0; i < self->children->len; i++)
    {
      if (duplex_filter_node_match (g_ptr_array_index (self->children, i), row) == wanted)
        return TRUE;
    }

  return FALSE;
}

gboolean
duplex_filter_node_match (const DuplexFilterNode *self,
                          DuplexFilterRow        *row)
{
  switch (self->kind)
    {
    case DUPLEX_FILTER_ALL:
      return TRUE;
    case DUPLEX_FILTER_AND:
      return !match_any (self, row, /* wanted= */ FALSE);
    case DUPLEX_FILTER_OR:
      return match_any (self, row, /* wanted= */ TRUE);
    case DUPLEX_FILTER_NOT:
      return !match_any (self, row, /* wanted= */ TRUE);
    case DUPLEX_FILTER_NUMBER:
      return match_number (self, row);
    case DUPLEX_FILTER_TEXT:
      return match_text (self, row);
    case DUPLEX_FILTER_JSON:
      return match_json (self, row);
    default:
      g_assert_not_reached ();
    }
}
