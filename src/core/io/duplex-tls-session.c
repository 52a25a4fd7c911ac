/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-tls-session.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/proto/duplex-limits.h"

/* Bytes of a record's content, RFC 8446 §5.1. */
#define RECORD 16384
/* What is read of a socket at once: a record, with what is around it, or many small ones. */
#define WIRE (RECORD + 1024)
/* Records of one call, before others have their turn: a peer can send as many as it likes that give
 * a byte, or nothing. */
#define RECORDS_AT_ONCE 64
/* Reads of what came too late, before the socket is closed: TCP would tell the peer that it was
 * reset, and our last words might be lost. */
#define LAST_READS 64

/* Within a call. */
typedef struct
{
  guint8 wire[WIRE]; /* what is read stands here: few calls leave some of it */
  guint8 content[RECORD];
} Scratch;

struct _DuplexTlsSession
{
  /* owned */
  gnutls_session_t       session;
  DuplexTlsCredentials  *credentials;
  char                  *host; /* of a client's server, else NULL */
  gnutls_typed_vdata_st *wanted;
  int                    fd;
  guint8                *kept; /* read from the socket by an earlier call, or NULL */
  GByteArray            *out;  /* what the socket has not taken, or NULL */

  /* borrowed */
  const guint8 *in; /* read from the socket, and not decrypted yet */
  gsize         in_len;

  /* state */
  gsize    barren;   /* bytes read since the handshake was over, or since there was content */
  gsize    promised; /* bytes that are written as soon as out has left */
  gboolean drained;  /* nothing is left to read until the socket says so */
  gboolean filled;   /* nor room to write */
  gboolean hung_up;  /* the peer's end may stand behind what is read */
  gboolean cut;      /* it was read */
  gboolean shaken;
  gboolean yielded; /* reading gave up though the socket did not block */
  gboolean read_ended;
  gboolean write_failed;
  gboolean shut;
};

/* ---- below TLS: the socket ---- */

/* Of the thread; not thread-local arrays, which every other thread would have, too. */
static Scratch *
get_scratch (void)
{
  static GPrivate own = G_PRIVATE_INIT (g_free);
  Scratch        *scratch = g_private_get (&own);

  if (scratch == NULL)
    {
      scratch = g_new (Scratch, 1);
      g_private_set (&own, scratch);
    }
  return scratch;
}

static gboolean
is_blocked (DuplexTlsSession *self)
{
  return self->in_len == 0 && self->drained && !self->hung_up;
}

/* GnuTLS looks at how long a message of a handshake is only when it has all of it. */
static gboolean
is_barren (DuplexTlsSession *self)
{
  return self->barren >= DUPLEX_LIMIT_TLS_BARREN;
}

/* As recv(). */
static gssize
fill (DuplexTlsSession *self)
{
  guint8 *wire;
  gssize  n;

  if (is_barren (self))
    {
      errno = EMSGSIZE;
      return -1;
    }

  if (is_blocked (self))
    {
      errno = EAGAIN;
      return -1;
    }
  g_clear_pointer (&self->kept, g_free);
  wire = get_scratch ()->wire;
  do
    n = recv (self->fd, wire, WIRE, 0);
  while (n < 0 && errno == EINTR);
  self->drained = n < WIRE;
  self->in = wire;
  self->in_len = n > 0 ? (gsize)n : 0;
  self->barren += self->in_len;
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    self->hung_up = FALSE;
  else
    self->cut = n <= 0;
  return n;
}

/* GnuTLS asks for a record's header first, then for the rest. */
static ssize_t
pull_cb (gnutls_transport_ptr_t data,
         void                  *bytes,
         size_t                 size)
{
  DuplexTlsSession *self = data;
  gsize             len;

  if (self->in_len == 0)
    {
      gssize n = fill (self);

      if (n <= 0)
        {
          gnutls_transport_set_errno (self->session, errno);
          return n;
        }
    }
  len = MIN (size, self->in_len);
  memcpy (bytes, self->in, len);
  self->in += len;
  self->in_len -= len;
  return (ssize_t)len;
}

/* The scratch is others' from here on. */
static void
keep_rest (DuplexTlsSession *self)
{
  if (self->in_len == 0)
    g_clear_pointer (&self->kept, g_free);
  else if (self->kept == NULL)
    self->in = self->kept = g_memdup2 (self->in, self->in_len);
}

/* Returns what the socket has taken. */
static gsize
send_spans (DuplexTlsSession *self,
            const giovec_t   *spans,
            gsize             n_spans)
{
  struct msghdr message = { .msg_iov = (struct iovec *)spans, .msg_iovlen = n_spans };
  gssize        n;

  if (self->filled || self->write_failed)
    return 0;
  do
    n = sendmsg (self->fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n >= 0)
    return (gsize)n;
  if (errno == EAGAIN || errno == EWOULDBLOCK)
    self->filled = TRUE;
  else
    self->write_failed = TRUE;
  return 0;
}

/* TRUE when nothing waits any more. */
static gboolean
flush (DuplexTlsSession *self)
{
  if (self->out == NULL)
    return TRUE;
  while (self->out->len > 0 && !self->filled && !self->write_failed)
    {
      giovec_t span = { self->out->data, self->out->len };

      g_byte_array_remove_range (self->out, 0, (guint)send_spans (self, &span, 1));
    }
  if (self->out->len > 0 && !self->write_failed)
    return FALSE;
  g_clear_pointer (&self->out, g_byte_array_unref);
  if (self->shut)
    shutdown (self->fd, SHUT_WR);
  return TRUE;
}

/* Takes all of it: to GnuTLS no write ever blocks or fails, so that none has to be repeated, and
 * what the peer has sent can still be read. It is asked for a record, or a flight of the handshake,
 * only when the last has left. */
static ssize_t
push_cb (gnutls_transport_ptr_t data,
         const giovec_t        *spans,
         int                    n_spans)
{
  DuplexTlsSession *self = data;
  gsize             size = 0;
  gsize             done = 0;

  for (int i = 0; i < n_spans; i++)
    size += spans[i].iov_len;
  if (self->out == NULL)
    done = send_spans (self, spans, (gsize)n_spans);
  if (done < size && !self->write_failed && self->out == NULL)
    self->out = g_byte_array_new ();
  for (int i = 0; i < n_spans && self->out != NULL; i++)
    {
      gsize skip = MIN (done, spans[i].iov_len);

      done -= skip;
      g_byte_array_append (self->out, (guint8 *)spans[i].iov_base + skip,
                           (guint)(spans[i].iov_len - skip));
    }
  return (ssize_t)size;
}

/* ---- sessions ---- */

/* What the system's administrator has chosen, without what RFC 8996 has deprecated. */
static gnutls_priority_t
get_priorities (void)
{
  static gnutls_priority_t priorities;
  static gsize             made;

  if (g_once_init_enter (&made))
    {
      int result = gnutls_priority_init2 (&priorities, "-VERS-TLS1.1:-VERS-TLS1.0", NULL,
                                          GNUTLS_PRIORITY_INIT_DEF_APPEND);

      if (result < 0)
        g_error ("The system's GnuTLS cannot be used: %s", gnutls_strerror (result));
      g_once_init_leave (&made, TRUE);
    }
  return priorities;
}

/* Of this process: its clients come back to it, with whatever certificate. */
static const gnutls_datum_t *
get_ticket_key (void)
{
  static gnutls_datum_t key;
  static gsize          made;

  if (g_once_init_enter (&made))
    {
      if (gnutls_session_ticket_key_generate (&key) < 0)
        g_error ("No key for session tickets");
      g_once_init_leave (&made, TRUE);
    }
  return &key;
}

static DuplexTlsSession *
session_new (DuplexTlsCredentials *credentials,
             int                   fd,
             guint                 flags)
{
  /* An end that could speak HTTP/2 must know that this will be an HTTP/1.1 upgrade. */
  static const gnutls_datum_t protocol = { (guint8 *)"http/1.1", 8 };
  DuplexTlsSession           *self = g_new0 (DuplexTlsSession, 1);

  self->fd = fd;
  self->credentials = duplex_tls_credentials_ref (credentials);
  if (gnutls_init (&self->session, flags | GNUTLS_NONBLOCK) < 0)
    g_error ("No memory for a TLS session");
  gnutls_priority_set (self->session, get_priorities ());
  gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE,
                          duplex_tls_credentials_get (credentials));
  /* A client that offers others only is refused, RFC 7301 §3.2; one that offers none is not. */
  gnutls_alpn_set_protocols (self->session, &protocol, 1,
                             flags & GNUTLS_SERVER ? GNUTLS_ALPN_MANDATORY : 0);
  gnutls_transport_set_ptr (self->session, self);
  gnutls_transport_set_pull_function (self->session, pull_cb);
  gnutls_transport_set_vec_push_function (self->session, push_cb);
  return self;
}

DuplexTlsSession *
duplex_tls_session_new_server (DuplexTlsCredentials *credentials,
                               int                   fd)
{
  DuplexTlsSession *self;

  g_return_val_if_fail (credentials != NULL && fd >= 0, NULL);

  self = session_new (credentials, fd, GNUTLS_SERVER);
  gnutls_session_ticket_enable_server (self->session, get_ticket_key ());
  return self;
}

/* RFC 6066 §3: no address, and no dot at the end. */
static void
name_server (DuplexTlsSession *self)
{
  gsize len = strlen (self->host);

  if (strchr (self->host, ':') != NULL || g_hostname_is_ip_address (self->host))
    return;
  if (len > 1 && self->host[len - 1] == '.')
    self->host[--len] = '\0';
  gnutls_server_name_set (self->session, GNUTLS_NAME_DNS, self->host, len);
}

DuplexTlsSession *
duplex_tls_session_new_client (DuplexTlsCredentials *credentials,
                               const char           *host,
                               int                   fd)
{
  DuplexTlsSession *self;

  g_return_val_if_fail (credentials != NULL && host != NULL && fd >= 0, NULL);

  self = session_new (credentials, fd, GNUTLS_CLIENT | GNUTLS_NO_TICKETS);
  self->host = g_strdup (host);
  name_server (self);
  self->wanted = g_new0 (gnutls_typed_vdata_st, 2);
  self->wanted[0] = (gnutls_typed_vdata_st){ GNUTLS_DT_DNS_HOSTNAME, (guint8 *)self->host, 0 };
  self->wanted[1] = (gnutls_typed_vdata_st){ GNUTLS_DT_KEY_PURPOSE_OID,
                                             (guint8 *)GNUTLS_KP_TLS_WWW_SERVER, 0 };
  gnutls_session_set_verify_cert2 (self->session, self->wanted, 2, 0);
  return self;
}

void
duplex_tls_session_free (DuplexTlsSession *self)
{
  gssize n = 1;

  if (self == NULL)
    return;
  duplex_tls_session_shutdown (self);
  shutdown (self->fd, SHUT_WR);
  for (guint i = 0; i < LAST_READS && n > 0; i++)
    n = recv (self->fd, get_scratch ()->wire, WIRE, MSG_DONTWAIT);
  close (self->fd);
  gnutls_deinit (self->session);
  duplex_tls_credentials_unref (self->credentials);
  g_clear_pointer (&self->out, g_byte_array_unref);
  g_free (self->kept);
  g_free (self->wanted);
  g_free (self->host);
  g_free (self);
}

int
duplex_tls_session_get_fd (DuplexTlsSession *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->fd;
}

void
duplex_tls_session_tell (DuplexTlsSession *self,
                         GIOCondition      conditions)
{
  g_return_if_fail (self != NULL);

  if (conditions & G_IO_IN)
    self->drained = FALSE;
  if (conditions & G_IO_HUP)
    self->hung_up = TRUE;
  if (conditions & G_IO_OUT)
    {
      self->filled = FALSE;
      flush (self);
    }
}

/* ---- the handshake ---- */

static void
explain_failure (DuplexTlsSession *self,
                 int               result,
                 GError          **error)
{
  g_autofree char *reason = g_strdup (gnutls_strerror (result));

  if (self->cut)
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_EOF,
                           "The connection ended during the TLS handshake");
      return;
    }
  if (is_barren (self))
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE,
                           "The other end says too much before the TLS handshake is over");
      return;
    }
  switch (result)
    {
    case GNUTLS_E_UNEXPECTED_PACKET:
    case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS,
                           "The other end does not speak TLS");
      break;
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
      g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE,
                   "The other end has broken the TLS handshake off: %s",
                   gnutls_alert_get_name (gnutls_alert_get (self->session)));
      break;
    default:
      if (g_str_has_suffix (reason, "."))
        reason[strlen (reason) - 1] = '\0';
      g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE, "The TLS handshake failed: %s",
                   reason);
      break;
    }
}

DuplexLegResult
duplex_tls_session_shake_hands (DuplexTlsSession *self,
                                GError          **error)
{
  guint idle = 0;
  int   result;

  g_return_val_if_fail (self != NULL && !self->shaken, DUPLEX_LEG_ENDED);

  do
    result = gnutls_handshake (self->session);
  while (result < 0 && !gnutls_error_is_fatal (result) && !is_blocked (self) &&
         ++idle < RECORDS_AT_ONCE);
  keep_rest (self);
  self->yielded = idle == RECORDS_AT_ONCE;
  if (result == GNUTLS_E_SUCCESS)
    {
      self->shaken = TRUE;
      self->barren = 0;
      return DUPLEX_LEG_OK;
    }
  if (!gnutls_error_is_fatal (result))
    return DUPLEX_LEG_WOULD_BLOCK;
  explain_failure (self, result, error);
  gnutls_alert_send_appropriate (self->session, result);
  return DUPLEX_LEG_ENDED;
}

char *
duplex_tls_session_describe (DuplexTlsSession *self)
{
  const char *cipher;

  g_return_val_if_fail (self != NULL && self->shaken, NULL);

  cipher = gnutls_ciphersuite_get (self->session);
  return g_strdup_printf (
    "%s, %s",
    gnutls_protocol_get_version (self->session) == GNUTLS_TLS1_3 ? "TLS 1.3" : "TLS 1.2",
    cipher != NULL ? cipher : "?");
}

/* As glib-networking has them, whose flags have names for people in duplex-tls.c. */
static GTlsCertificateFlags
translate_problems (guint status)
{
  static const struct
  {
    guint                status;
    GTlsCertificateFlags flag;
  } problems[] = {
    { GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA, G_TLS_CERTIFICATE_UNKNOWN_CA },
    { GNUTLS_CERT_UNEXPECTED_OWNER, G_TLS_CERTIFICATE_BAD_IDENTITY },
    { GNUTLS_CERT_NOT_ACTIVATED, G_TLS_CERTIFICATE_NOT_ACTIVATED },
    { GNUTLS_CERT_EXPIRED, G_TLS_CERTIFICATE_EXPIRED },
    { GNUTLS_CERT_REVOKED, G_TLS_CERTIFICATE_REVOKED },
    { GNUTLS_CERT_INSECURE_ALGORITHM, G_TLS_CERTIFICATE_INSECURE },
  };
  GTlsCertificateFlags flags = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (problems); i++)
    if (status & problems[i].status)
      flags |= problems[i].flag;
  return flags != 0 ? flags : G_TLS_CERTIFICATE_GENERIC_ERROR;
}

GTlsCertificateFlags
duplex_tls_session_get_problems (DuplexTlsSession *self,
                                 char            **ret_fingerprint)
{
  guint                 status;
  guint                 n = 0;
  const gnutls_datum_t *chain;

  g_return_val_if_fail (self != NULL && ret_fingerprint != NULL, 0);

  *ret_fingerprint = NULL;
  chain = gnutls_certificate_get_peers (self->session, &n);
  status = gnutls_session_get_verify_cert_status (self->session);
  /* All bits: none was looked at. */
  if (chain == NULL || n == 0 || status == 0 || status == G_MAXUINT)
    return 0;
  *ret_fingerprint = g_compute_checksum_for_data (G_CHECKSUM_SHA256, chain->data, chain->size);
  return translate_problems (status);
}

/* ---- behind it ---- */

DuplexLegResult
duplex_tls_session_read (DuplexTlsSession *self,
                         guint8           *data,
                         gsize             size,
                         gsize            *ret_len)
{
  gsize len = 0;
  guint records = 0;

  g_return_val_if_fail (self != NULL && size > 0, DUPLEX_LEG_ENDED);

  for (; len < size && !self->read_ended && records < RECORDS_AT_ONCE; records++)
    {
      gssize n = gnutls_record_recv (self->session, data + len, size - len);

      if (n > 0)
        {
          self->barren = 0;
          len += (gsize)n;
        }
      else if (n == 0 || gnutls_error_is_fatal ((int)n) || n == GNUTLS_E_REHANDSHAKE)
        self->read_ended = TRUE;
      else if (is_blocked (self))
        break;
    }
  keep_rest (self);
  self->yielded = records == RECORDS_AT_ONCE;
  if (len > 0)
    {
      *ret_len = len;
      return DUPLEX_LEG_OK;
    }
  return self->read_ended ? DUPLEX_LEG_ENDED : DUPLEX_LEG_WOULD_BLOCK;
}

gboolean
duplex_tls_session_has_unread (DuplexTlsSession *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->yielded || self->in_len > 0 || gnutls_record_check_pending (self->session) > 0;
}

gboolean
duplex_tls_session_has_unwritten (DuplexTlsSession *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->out != NULL;
}

/* The next record's content, of what stands behind the first done bytes. */
static GOutputVector
get_content (const GOutputVector *spans,
             guint                n,
             gsize                done)
{
  guint8       *content = get_scratch ()->content;
  GOutputVector next = { content, 0 };

  for (; done >= spans->size; spans++, n--)
    done -= spans->size;
  if (n == 1 || spans->size - done >= RECORD)
    return (GOutputVector){ (const guint8 *)spans->buffer + done,
                            MIN (spans->size - done, RECORD) };
  for (; n > 0 && next.size < RECORD; spans++, n--)
    {
      gsize part = MIN (spans->size - done, RECORD - next.size);

      memcpy (content + next.size, (const guint8 *)spans->buffer + done, part);
      next.size += part;
      done = 0;
    }
  return next;
}

DuplexLegResult
duplex_tls_session_write (DuplexTlsSession    *self,
                          const GOutputVector *spans,
                          guint                n,
                          gsize               *ret_len)
{
  gsize size = 0;
  gsize len;

  g_return_val_if_fail (self != NULL && n > 0, DUPLEX_LEG_ENDED);

  for (guint i = 0; i < n; i++)
    size += spans[i].size;
  if (!flush (self))
    return DUPLEX_LEG_WOULD_BLOCK;
  len = self->write_failed ? 0 : MIN (self->promised, size);
  self->promised = 0;
  while (len < size && !self->write_failed && !self->shut && self->promised == 0)
    {
      GOutputVector content = get_content (spans, n, len);
      gssize        sent = gnutls_record_send (self->session, content.buffer, content.size);

      if (sent <= 0)
        self->write_failed = TRUE;
      else if (self->out != NULL)
        self->promised = (gsize)sent;
      else
        len += (gsize)sent;
    }
  if (len > 0)
    {
      *ret_len = len;
      return DUPLEX_LEG_OK;
    }
  return self->promised > 0 ? DUPLEX_LEG_WOULD_BLOCK : DUPLEX_LEG_ENDED;
}

void
duplex_tls_session_shutdown (DuplexTlsSession *self)
{
  g_return_if_fail (self != NULL);

  if (self->shut || self->write_failed)
    return;
  self->shut = TRUE;
  if (self->shaken)
    gnutls_bye (self->session, GNUTLS_SHUT_WR);
  if (self->out == NULL)
    shutdown (self->fd, SHUT_WR);
}
