/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What plain-client does, with libwebsockets. Built without that it exits with 77. */
#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_LIBWEBSOCKETS
#include <libwebsockets.h>

/* At once, as we read; its own default is 4,096. */
#define READ_BYTES (256 * 1024)

typedef struct
{
  unsigned long long received;
  int                failed;
  int                over;
} Counter;

static int
callback (struct lws               *wsi,
          enum lws_callback_reasons reason,
          void                     *user,
          void                     *in,
          size_t                    len)
{
  Counter *counter = lws_context_user (lws_get_context (wsi));

  switch ((int)reason)
    {
    case LWS_CALLBACK_CLIENT_RECEIVE:
      if (lws_is_final_fragment (wsi) && lws_remaining_packet_payload (wsi) == 0)
        counter->received++;
      break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      fprintf (stderr, "lws-client: %s\n", in != NULL ? (const char *)in : "no connection");
      counter->failed = 1;
      counter->over = 1;
      break;
    case LWS_CALLBACK_CLIENT_CLOSED:
      counter->over = 1;
      break;
    default:
      break;
    }
  return 0;
}

static const struct lws_protocols protocols[] = {
  { "", callback, 0, READ_BYTES, 0, NULL, 0 },
  { NULL, NULL, 0, 0, 0, NULL, 0 },
};

static struct lws_context *
begin (char    *url,
       Counter *counter)
{
  struct lws_context_creation_info info = {
    .port = CONTEXT_PORT_NO_LISTEN,
    .protocols = protocols,
    .user = counter,
    .pt_serv_buf_size = READ_BYTES,
    .gid = (gid_t)-1,
    .uid = (uid_t)-1,
  };
  struct lws_client_connect_info connect = { .protocol = NULL };
  const char                    *scheme, *path;
  char                           whole[1024];

  lws_set_log_level (LLL_ERR, NULL);
  connect.context = lws_create_context (&info);
  if (connect.context == NULL ||
      lws_parse_uri (url, &scheme, &connect.address, &connect.port, &path) != 0)
    return NULL;
  snprintf (whole, sizeof whole, "/%s", path);
  connect.path = whole;
  connect.host = connect.address;
  connect.local_protocol_name = "";
  return lws_client_connect_via_info (&connect) != NULL ? connect.context : NULL;
}

int
main (int    argc,
      char **argv)
{
  Counter             counter = { 0 };
  lws_usec_t          begun = lws_now_usecs ();
  struct lws_context *context = argc == 2 ? begin (argv[1], &counter) : NULL;

  if (context == NULL)
    {
      fprintf (stderr, "usage: lws-client ws://...\n");
      return EXIT_FAILURE;
    }
  while (!counter.over && lws_service (context, 0) >= 0)
    ;
  printf ("%llu %.6f\n", counter.received, (double)(lws_now_usecs () - begun) / 1e6);
  lws_context_destroy (context);
  return counter.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
#else
int
main (void)
{
  return 77;
}
#endif
