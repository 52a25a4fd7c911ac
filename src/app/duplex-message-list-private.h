/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of DuplexMessageList share: the widget itself, what a person does with a row
 * (-actions), what it was said to be (-notes),
 * and what is shown of the capture (-view). */

#include "app/duplex-list-bar.h"
#include "app/duplex-list-items.h"
#include "app/duplex-message-list.h"

G_BEGIN_DECLS

struct _DuplexMessageList
{
  GtkWidget parent_instance;

  /* owned */
  DuplexCapture     *capture;
  DuplexCaptureView *matches; /* the property "view" */
  DuplexCaptureView *shown;   /* what the window shows; NULL: the capture */
  DuplexListWindow  *window;
  DuplexTail        *tail;
  DuplexListPlace   *place;
  DuplexListBar     *bar;
  GtkWidget         *menu; /* NULL until it is needed */
  GtkWidget         *note; /* the same */

  /* template */
  GtkStack     *stack;
  GtkListView  *view;
  GtkScrollbar *scrollbar;
  GtkRevealer  *jump; /* to the end */
  GMenuModel   *menu_model;

  /* state: what is shown, and where it is to stay */
  guint64  seen_row;   /* rows of the capture when following ended */
  guint64  anchor_row; /* of the capture: it keeps its place while the choice of rows changes */
  double   anchor_top;
  guint    anchor_moves;    /* duplex_tail_get_n_moves() when it was chosen */
  gboolean has_anchor;      /* it was chosen, and nobody has scrolled since */
  gboolean anchor_expected; /* it has not been found yet */
  guint    deadline;
};

/* ---- -actions ---- */

void duplex_message_list_install_actions (GtkWidgetClass *widget_class);

/* Which of them can be used, after the selection has changed. */
void duplex_message_list_update_actions (DuplexMessageList *self);

/* Handlers of the template. */
gboolean duplex_message_list_key_pressed (DuplexMessageList *self,
                                          guint              keyval,
                                          guint              keycode,
                                          GdkModifierType    modifiers);
void     duplex_message_list_motion (DuplexMessageList *self,
                                     double             x,
                                     double             y);
void     duplex_message_list_released (DuplexMessageList *self,
                                       int                n_press,
                                       double             x,
                                       double             y);
void     duplex_message_list_menu_pressed (DuplexMessageList *self,
                                           int                n_press,
                                           double             x,
                                           double             y);

/* ---- -view ---- */

/* The row of the capture at a position of what is shown, which is below its number of items. */
guint64 duplex_message_list_to_row (DuplexMessageList *self,
                                    guint              position);

/* The position of a row of the capture in what is shown; GTK_INVALID_LIST_POSITION where it is
 * filtered out. */
guint duplex_message_list_to_position (DuplexMessageList *self,
                                       guint64            row);

/* Shows all of the capture, or nothing. */
void duplex_message_list_start_anew (DuplexMessageList *self);

/* Forgets the matches. */
void duplex_message_list_clear_view (DuplexMessageList *self);

/* What there is changed, or what is awaited. */
void duplex_message_list_update_page (DuplexMessageList *self);

/* Following has begun or ended. */
void duplex_message_list_remember_seen (DuplexMessageList *self);

/* ---- -notes ---- */

/* Gives the list's own row, which is what a screen reader meets, the name that GTK does not. */
void duplex_message_list_name_item (GtkWidget *item,
                                    DuplexRow *row);

/* Handler of the capture's signal. */
void duplex_message_list_note_changed (DuplexMessageList *self,
                                       guint64            number);

/* Asks for the comment on the selected row, where it is on screen. */
void duplex_message_list_edit_comment (DuplexMessageList *self);

/* Part of the list's area that the selected bubble takes. FALSE where it is not on screen. */
gboolean duplex_message_list_find_selected (DuplexMessageList *self,
                                            GdkRectangle      *ret_area);

G_END_DECLS
