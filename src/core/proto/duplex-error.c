/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-error.h"

/* Not G_DEFINE_QUARK: clang-format takes the dashes of its argument for minus signs and sets spaces
 * around them, which then stand in the string. */
GQuark
duplex_error_quark (void)
{
  return g_quark_from_static_string ("duplex-error-quark");
}
