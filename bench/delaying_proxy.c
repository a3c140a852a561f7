/* A proxy that holds every chunk for a fixed time, as a longer path does: delaying_proxy MICROSECONDS TARGET_PORT...
 *
 * Listens on one free port of 127.0.0.1 for each TARGET_PORT, prints those ports as one line, and ends when its standard input closes.
 * One thread. A chunk keeps its order, a half-close is passed on as late as data is, and who sends faster than the other side reads is
 * held back at MOST_HELD bytes a direction, as by a window.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, MOST_HELD = 16 * 1024 * 1024, EVENTS = 64 };

struct end;

/* What was read at once; length 0 stands for the end of what one side sends. */
struct chunk {
    struct chunk *next;
    struct end *to;
    int64_t due; /* ns */
    size_t length, sent;
    char bytes[];
};

struct queue {
    struct chunk *first, *last;
};

enum kind { LISTENER, CONNECTED, STDIN };

/* A socket: a listener, or one end of a connection, whose `other` end is on the proxy's far side. */
struct end {
    enum kind kind;
    int fd, target_port;
    struct end *other;
    struct queue ready;  /* due, to be written to fd */
    size_t held;         /* bytes on their way to fd */
    unsigned waiting;    /* chunks for fd that are not due yet */
    int read_ended, write_ended, hung_up, gone;
    uint32_t watched;
    struct end *next_gone;
};

static int poller;
static int64_t delay;
static struct queue not_due; /* of all connections: the delay is the same, so the first is due first */
static struct end *gone_ends;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void append(struct queue *queue, struct chunk *chunk) {
    chunk->next = NULL;
    if (queue->first) queue->last->next = chunk;
    else queue->first = chunk;
    queue->last = chunk;
}

static struct chunk *pop(struct queue *queue) {
    struct chunk *chunk = queue->first;
    queue->first = chunk->next;
    return chunk;
}

static void watch(struct end *end) {
    uint32_t wanted = 0;
    if (!end->read_ended && end->other->held < MOST_HELD) wanted |= EPOLLIN;
    if (end->ready.first) wanted |= EPOLLOUT;
    if (end->gone || end->hung_up || wanted == end->watched) return;
    struct epoll_event event = {.events = wanted, .data.ptr = end};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, end->fd, &event)) fail("epoll_ctl");
    end->watched = wanted;
}

static void close_both(struct end *end) {
    if (end->gone) return;
    end->gone = end->other->gone = 1;
    close(end->fd);
    close(end->other->fd);
    end->next_gone = gone_ends;
    gone_ends = end;
}

static void write_ready(struct end *end) {
    while (!end->gone && end->ready.first) {
        struct chunk *chunk = end->ready.first;
        if (chunk->length == 0) {
            shutdown(end->fd, SHUT_WR);
            end->write_ended = 1;
        } else {
            ssize_t sent = send(end->fd, chunk->bytes + chunk->sent, chunk->length - chunk->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno == EAGAIN) break;
            if (sent < 0) {
                close_both(end);
                return;
            }
            chunk->sent += sent;
            end->held -= sent;
            if (chunk->sent < chunk->length) continue;
        }
        free(pop(&end->ready));
    }
    if (end->write_ended && end->other->write_ended) close_both(end);
    else {
        watch(end);
        watch(end->other);
    }
}

/* Waits for sockets until the next chunk is due; returns how many have something. */
static int wait_for(struct epoll_event *events) {
    struct timespec left = {0};
    if (not_due.first) {
        int64_t until_due = not_due.first->due - now();
        if (until_due > 0) left = (struct timespec){.tv_sec = until_due / 1000000000, .tv_nsec = until_due % 1000000000};
    }
    int found = epoll_pwait2(poller, events, EVENTS, not_due.first ? &left : NULL, NULL);
    if (found < 0 && errno != EINTR) fail("epoll_pwait2");
    return found;
}

static void pass_on_what_is_due(void) {
    while (not_due.first && not_due.first->due <= now()) {
        struct chunk *chunk = pop(&not_due);
        struct end *to = chunk->to;
        to->waiting--;
        append(&to->ready, chunk);
        write_ready(to);
    }
}

static void read_chunk(struct end *end) {
    static char buffer[CHUNK];
    ssize_t length = recv(end->fd, buffer, CHUNK, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return;
    if (length < 0) {
        close_both(end);
        return;
    }
    struct chunk *chunk = malloc(sizeof *chunk + length);
    if (!chunk) fail("malloc");
    *chunk = (struct chunk){.to = end->other, .due = now() + delay, .length = length};
    memcpy(chunk->bytes, buffer, length);
    append(&not_due, chunk);
    end->other->held += length;
    end->other->waiting++;
    end->read_ended = length == 0;
    watch(end);
}

static struct end *watched_end(enum kind kind, int fd, uint32_t events) {
    struct end *end = calloc(1, sizeof *end);
    if (!end) fail("calloc");
    *end = (struct end){.kind = kind, .fd = fd, .watched = events};
    struct epoll_event event = {.events = events, .data.ptr = end};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
    return end;
}

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static struct end *connected_end(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return watched_end(CONNECTED, fd, EPOLLIN);
}

static void take_connection(struct end *listener) {
    int near = accept(listener->fd, NULL, NULL);
    if (near < 0) return;
    int far = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in target = loopback(listener->target_port);
    /* On loopback a connection is there or refused at once. */
    if (far < 0 || connect(far, (struct sockaddr *)&target, sizeof target)) {
        perror("connect");
        close(near);
        close(far);
        return;
    }
    struct end *one = connected_end(near), *other = connected_end(far);
    one->other = other;
    other->other = one;
}

static int listen_for(int target_port) {
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 128)) fail("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &size)) fail("getsockname");
    watched_end(LISTENER, fd, EPOLLIN)->target_port = target_port;
    return ntohs(address.sin_port);
}

/* Ends that no chunk on its way leads to. Called between rounds: an event of this round may still name an end. */
static void free_gone(void) {
    struct end **at = &gone_ends;
    while (*at) {
        struct end *end = *at, *other = end->other;
        if (end->waiting || other->waiting) {
            at = &end->next_gone;
            continue;
        }
        *at = end->next_gone;
        while (end->ready.first) free(pop(&end->ready));
        while (other->ready.first) free(pop(&other->ready));
        free(end);
        free(other);
    }
}

static void handle(struct epoll_event *event) {
    struct end *end = event->data.ptr;
    char ignored[64];
    if (end->kind == STDIN) {
        if (read(end->fd, ignored, sizeof ignored) <= 0) exit(0);
    } else if (end->kind == LISTENER) {
        take_connection(end);
    } else {
        if (!end->gone && event->events & EPOLLOUT) write_ready(end);
        if (!end->gone && event->events & EPOLLIN && !end->read_ended) read_chunk(end);
        if (!end->gone && event->events & EPOLLERR) close_both(end);
        /* Both directions have ended here, and the far side has yet to hear of it; this socket would be reported again and again. */
        if (!end->gone && event->events & EPOLLHUP && end->read_ended) {
            end->hung_up = 1;
            epoll_ctl(poller, EPOLL_CTL_DEL, end->fd, NULL);
        }
    }
}

int main(int count, char **words) {
    if (count < 3) return 2;
    delay = atoll(words[1]) * 1000;
    poller = epoll_create1(0);
    /* Waits may otherwise be 50 us late. */
    if (poller < 0 || prctl(PR_SET_TIMERSLACK, 1)) fail("epoll");
    watched_end(STDIN, 0, EPOLLIN);
    for (int word = 2; word < count; word++) printf("%d%s", listen_for(atoi(words[word])), word + 1 < count ? " " : "\n");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS];
        int found = wait_for(events);
        for (int index = 0; index < found; index++) handle(&events[index]);
        pass_on_what_is_due();
        free_gone();
    }
}
