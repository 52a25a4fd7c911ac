/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* libsoup as a second judge: a SoupWebsocketConnection above a tap reads the data messages that our
 * own analyzer found nothing wrong with, and the judge compares what both made of them. It sees
 * whole messages whose frames, headers included, have at most DUPLEX_LIMIT_SOUP_MESSAGE bytes, as
 * they came, and no control frame and nothing compressed; in a flood, some of them. One thread. */

#include "core/proto/duplex-message.h"

G_BEGIN_DECLS

typedef struct _DuplexSoupJudge DuplexSoupJudge;

/* role is ours; subprotocol may be NULL. */
DuplexSoupJudge *duplex_soup_judge_new (DuplexRole  role,
                                        const char *subprotocol);
void             duplex_soup_judge_free (DuplexSoupJudge *self);

/* Wire bytes of a received frame, in order, and then its end. */
void duplex_soup_judge_wire (DuplexSoupJudge          *self,
                             const DuplexMessagePlace *place,
                             const guint8             *data,
                             gsize                     len);
void duplex_soup_judge_frame_end (DuplexSoupJudge          *self,
                                  const DuplexMessagePlace *place,
                                  gboolean                  has_findings);

/* libsoup gets the end of its stream, whatever still comes. */
void duplex_soup_judge_end (DuplexSoupJudge *self);

/* TRUE once libsoup has read other messages, or other sizes, than it was shown. */
gboolean duplex_soup_judge_has_disagreed (DuplexSoupJudge *self);

/* Messages that libsoup has read, for tests. */
guint64 duplex_soup_judge_get_n_judged (DuplexSoupJudge *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexSoupJudge, duplex_soup_judge_free)

G_END_DECLS
