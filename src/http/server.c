/* SPDX-License-Identifier: Apache-2.0 */
/* server - the loops of one listener address, their threads, and the pool they share. */
#include "http/server.h"

#include <assert.h>
#include <signal.h>

#include "base/memory.h"
#include "http/listen.h"

static struct fault open_loops(struct http_server *server, const int *listeners)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        struct fault fault = loop_open(&server->loops[i], server, listeners[i]);
        if (!failed(fault))
            continue;
        for (unsigned rest = i + 1; rest < server->loop_count; rest++)
            listen_close(listeners[rest]);
        while (i > 0)
            loop_close(&server->loops[--i]);
        return fault;
    }
    return fault_none();
}

static void free_server(struct http_server *server)
{
    pthread_cond_destroy(&server->has_drained);
    pthread_mutex_destroy(&server->mutex);
    memory_free(server->threads);
    memory_free(server->loops);
    memory_free(server);
}

/* One socket for each loop, on the address that is to be listened on or on those we were given. */
static struct fault open_listeners(struct http_server *server, int *listeners,
                                   struct sockaddr_storage *address)
{
    const struct http_config *config = &server->config;
    if (config->listener_count > 0)
        return listen_adopt(config->listeners, config->listener_count, listeners,
                            server->loop_count, address);
    struct fault fault = listen_parse(config->listen, address);
    return failed(fault) ? fault : listen_open(address, listeners, server->loop_count);
}

static struct fault bind_loops(struct http_server *server)
{
    struct sockaddr_storage address;
    int *listeners = MEMORY_NEW_ARRAY(int, server->loop_count);
    struct fault fault = open_listeners(server, listeners, &address);
    if (!failed(fault)) {
        server->port = listen_port(&address);
        fault = open_loops(server, listeners);
    }
    memory_free(listeners);
    return fault;
}

/* libuv's like ours: from the reserve when the system has none. */
static void *take(size_t bytes)
{
    return memory_resize(NULL, bytes);
}

static void *take_array(size_t count, size_t size)
{
    return memory_allocate_array(count, size);
}

static void take_library_memory(void)
{
    uv_replace_allocator(take, memory_resize, take_array, memory_free);
}

struct fault http_open(struct http_server **server, const struct http_config *config)
{
    assert(config->callbacks.on_request != NULL);
    assert(config->loop_count > 0);
    signal(SIGPIPE, SIG_IGN); /* a client that left must not end the process */
    take_library_memory();
    struct http_server *opened = MEMORY_NEW(struct http_server);
    opened->config = *config;
    if (opened->config.clock == NULL)
        opened->config.clock = clock_system();
    opened->loop_count = config->loop_count;
    if (opened->loop_count < config->listener_count)
        opened->loop_count = (unsigned)config->listener_count;
    opened->loops = MEMORY_NEW_ARRAY(struct http_loop, opened->loop_count);
    opened->threads = MEMORY_NEW_ARRAY(pthread_t, opened->loop_count);
    pthread_mutex_init(&opened->mutex, NULL);
    pthread_cond_init(&opened->has_drained, NULL);

    struct fault fault = bind_loops(opened);
    if (failed(fault)) {
        free_server(opened);
        return fault;
    }
    opened->config.listen = (struct str){0}; /* was borrowed */
    opened->config.listeners = NULL;
    offload_open(&opened->offload);
    *server = opened;
    return fault_none();
}

static void *run_loop(void *argument)
{
    loop_run(argument);
    return NULL;
}

bool http_start(struct http_server *server)
{
    assert(!server->is_started);
    server->is_started = true;
    sigset_t all; /* signals are the main thread's */
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int problem = 0;
    for (unsigned i = 0; i < server->loop_count && problem == 0; i++)
        problem = pthread_create(&server->threads[i], NULL, run_loop, &server->loops[i]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return problem == 0;
}

uint16_t http_port(const struct http_server *server)
{
    return server->port;
}

void server_loop_drained(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->drained_count++;
    pthread_cond_signal(&server->has_drained);
    pthread_mutex_unlock(&server->mutex);
}

void http_wake(struct http_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        atomic_store(&server->loops[i].must_wake, true);
        uv_async_send(&server->loops[i].wake);
    }
}

void http_retire(struct http_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        atomic_store(&server->loops[i].must_retire, true);
        uv_async_send(&server->loops[i].wake);
    }
}

/* A loop's descriptor stays the same until it drains, and then the caller is in http_close. */
size_t http_keep_listeners(struct http_server *server, int *descriptors, size_t most)
{
    if (server->loop_count > most)
        return 0;
    for (unsigned i = 0; i < server->loop_count; i++) {
        descriptors[i] = listen_duplicate(server->loops[i].listener_descriptor);
        if (descriptors[i] >= 0)
            continue;
        while (i > 0)
            listen_close(descriptors[--i]);
        return 0;
    }
    for (unsigned i = 0; i < server->loop_count; i++)
        atomic_store(&server->loops[i].must_keep_listener, true);
    return server->loop_count;
}

unsigned http_silent_loops(struct http_server *server)
{
    unsigned silent = 0;
    for (unsigned i = 0; i < server->loop_count; i++) {
        struct http_loop *loop = &server->loops[i];
        uint64_t asked = atomic_load(&loop->asked);
        silent += atomic_load(&loop->answered) < asked;
        atomic_store(&loop->asked, asked + 1);
        uv_async_send(&loop->wake);
    }
    return silent;
}

static void drain(struct http_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        atomic_store(&server->loops[i].must_drain, true);
        uv_async_send(&server->loops[i].wake);
    }
    pthread_mutex_lock(&server->mutex);
    while (server->drained_count < server->loop_count)
        pthread_cond_wait(&server->has_drained, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

static void end_loops(struct http_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        atomic_store(&server->loops[i].must_end, true);
        uv_async_send(&server->loops[i].wake);
    }
    for (unsigned i = 0; i < server->loop_count; i++)
        pthread_join(server->threads[i], NULL);
}

void http_close(struct http_server *server)
{
    if (server->is_started)
        drain(server);
    offload_close(&server->offload); /* the loops still run: what was running comes home */
    if (server->is_started)
        end_loops(server);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_close(&server->loops[i]);
    free_server(server);
}

bool http_offload(struct http_request *request, void (*work)(struct http_request *),
                  void (*done)(struct http_request *))
{
    struct request *whole = (struct request *)request;
    assert(!whole->is_answered);
    whole->work = work;
    whole->done = done;
    return offload_submit(&request->loop->server->offload, whole);
}

struct str http_header(const struct http_request *request, struct str name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_equal_ignoring_case(request->headers[i].name, name))
            return request->headers[i].value;
    }
    return (struct str){0};
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct http_counters http_counters_read(struct http_server *server)
{
    struct http_counters sum = {0};
    for (unsigned i = 0; i < server->loop_count; i++) {
        const struct loop_counters *counters = &server->loops[i].counters;
        sum.connections_open += read_counter(&counters->connections_open);
        sum.connections_total += read_counter(&counters->connections_total);
        sum.requests += read_counter(&counters->requests);
        sum.refusals += read_counter(&counters->refusals);
        sum.bytes_in += read_counter(&counters->bytes_in);
        sum.bytes_out += read_counter(&counters->bytes_out);
        sum.streams_open += read_counter(&counters->streams_open);
        sum.handshakes += read_counter(&counters->handshakes);
        sum.handshakes_failed += read_counter(&counters->handshakes_failed);
        sum.sheds += read_counter(&counters->sheds);
    }
    return sum;
}
