/* smtpblast.c - the upper bound of an SMTP client: sends one prepared message, with a few slots filled per recipient,
 * as fast as one core can, over several connections (epoll, writev; nothing recorded, every reply must be positive).
 *
 *   cc -O2 -o smtpblast smtpblast.c
 *   ./smtpblast -p 2525 -f message.eml -n 20000 -c 4 -m bdat -w 8
 *   -f FILE   the message with CRLF line ends; %RCPT% %TOKEN% in it are replaced per recipient
 *   -n N      messages in all      -c C   connections      -w W   (bdat) messages in flight on a connection
 *   -m MODE   seq   MAIL, RCPT, DATA, content: each waits for its reply (what smtplib and smtp-source do)
 *             data  RFC 2920: MAIL+RCPT+DATA in one write, the next envelope behind the final dot
 *             bdat  RFC 3030: whole transactions back to back, W of them in flight
 * The file must hold no line beginning with a dot (checked), so that DATA needs no stuffing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAXSEG 64
#define MAXW 64

enum { SEQ, DATAP, BDATP };

typedef struct {
    char *p;
    size_t n;
    int slot;
} seg; /* slot: 0 literal, 1 rcpt, 2 token */

typedef struct {
    char rcpt[64], token[32], env[256];
    int nr, nt, ne;
} msg;

typedef struct {
    int fd, greeted, step, want;
    struct iovec *iov;
    int niov, cap;
    long got3;
    msg *m;
    int mi;
    int inflight;
    char lbuf[1024];
    int nl;
    int bol;
    int done;
} conn;

static seg segs[MAXSEG];
static int nseg;
static size_t fixed;
static int n_slot[3];
static long total = 10000, started, finished;
static int mode = BDATP, window = 8, ncon = 1, port = 2525, ep;
static char *file;

static void die(const char *m) {
    perror(m);
    exit(2);
}

static void add(conn *c, void *p, size_t n) {
    if (c->niov == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 64;
        c->iov = realloc(c->iov, c->cap * sizeof *c->iov);
    }
    c->iov[c->niov++] = (struct iovec){p, n};
}

static void flush(conn *c) {
    int i = 0;
    while (i < c->niov) {
        int k = c->niov - i > 512 ? 512 : c->niov - i;
        ssize_t w = writev(c->fd, c->iov + i, k);
        if (w < 0) {
            if (errno == EAGAIN)
                break;
            if (errno == EINTR)
                continue;
            die("writev");
        }
        while (w > 0 || (i < c->niov && c->iov[i].iov_len == 0)) {
            if (i >= c->niov)
                break;
            if ((size_t)w >= c->iov[i].iov_len) {
                w -= c->iov[i].iov_len;
                i++;
            } else {
                c->iov[i].iov_base = (char *)c->iov[i].iov_base + w;
                c->iov[i].iov_len -= w;
                w = 0;
            }
        }
    }
    memmove(c->iov, c->iov + i, (c->niov - i) * sizeof *c->iov);
    c->niov -= i;
    int want = c->niov > 0;
    if (want != c->want) {
        c->want = want;
        struct epoll_event e = {.events = EPOLLIN | (want ? EPOLLOUT : 0), .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
    }
}

static msg *make(conn *c) {
    msg *m = &c->m[c->mi];
    c->mi = (c->mi + 1) % (MAXW + 2);
    long i = started++;
    m->nr = sprintf(m->rcpt, "reader%08ld@list.example.net", i);
    m->nt = sprintf(m->token, "%024lx", (unsigned long)i * 2654435761u);
    return m;
}

static void content(conn *c, msg *m) {
    for (int i = 0; i < nseg; i++) {
        if (segs[i].slot == 1)
            add(c, m->rcpt, m->nr);
        else if (segs[i].slot == 2)
            add(c, m->token, m->nt);
        else
            add(c, segs[i].p, segs[i].n);
    }
}

static void envelope(conn *c, msg *m, const char *tail) {
    m->ne =
        sprintf(m->env, "MAIL FROM:<bounce@list.example.net> BODY=8BITMIME\r\nRCPT TO:<%s>\r\n%s",
                m->rcpt, tail);
    add(c, m->env, m->ne);
}

static void quit(conn *c) {
    add(c, "QUIT\r\n", 6);
    c->done = 1;
}

static void bdat_more(conn *c) {
    while (c->inflight < window && started < total) {
        msg *m = make(c);
        char b[64];
        size_t sz = fixed + (size_t)n_slot[1] * m->nr + (size_t)n_slot[2] * m->nt;
        sprintf(b, "BDAT %zu LAST\r\n", sz);
        envelope(c, m, b);
        content(c, m);
        c->inflight++;
    }
    if (!c->inflight && !c->done)
        quit(c);
}

static void on_reply(conn *c, int code) {
    static char line[128];
    if (c->greeted < 2) {
        if (c->greeted == 0) {
            add(c, "EHLO blast.example.net\r\n", 24);
            c->greeted = 1;
            return;
        }
        c->greeted = 2;
        c->step = 0;
        if (mode == BDATP) {
            bdat_more(c);
            return;
        }
        if (started >= total) {
            quit(c);
            return;
        }
        msg *m = make(c);
        if (mode == DATAP)
            envelope(c, m, "DATA\r\n");
        else
            add(c, "MAIL FROM:<bounce@list.example.net> BODY=8BITMIME\r\n", 51);
        return;
    }
    if (c->done) {
        return;
    }
    msg *cur = &c->m[(c->mi + MAXW + 1) % (MAXW + 2)];
    int want = mode == BDATP ? 250 : c->step == 2 ? 354 : 250;
    if (code != want) {
        fprintf(stderr, "reply %d, wanted %d at step %d\n", code, want, c->step);
        exit(3);
    }
    if (mode == BDATP) {
        if (++c->step == 3) {
            c->step = 0;
            c->inflight--;
            finished++;
            bdat_more(c);
        }
        return;
    }
    switch (c->step) {
    case 0:
        if (mode == SEQ) {
            int n = sprintf(cur->env, "RCPT TO:<%s>\r\n", cur->rcpt);
            add(c, cur->env, n);
        }
        c->step = 1;
        break;
    case 1:
        if (mode == SEQ)
            add(c, "DATA\r\n", 6);
        c->step = 2;
        break;
    case 2:
        content(c, cur);
        add(c, ".\r\n", 3);
        c->step = 3;
        if (mode == DATAP) {
            if (started < total) {
                envelope(c, make(c), "DATA\r\n");
            } else
                c->greeted = 3;
        }
        break;
    case 3:
        finished++;
        c->step = 0;
        if (mode == SEQ) {
            if (started < total) {
                make(c);
                add(c, "MAIL FROM:<bounce@list.example.net> BODY=8BITMIME\r\n", 51);
            } else
                quit(c);
        } else if (c->greeted == 3)
            quit(c);
        break;
    }
    (void)line;
}

int main(int argc, char **argv) {
    int o;
    while ((o = getopt(argc, argv, "p:f:n:c:w:m:")) != -1)
        switch (o) {
        case 'p':
            port = atoi(optarg);
            break;
        case 'f':
            file = optarg;
            break;
        case 'n':
            total = atol(optarg);
            break;
        case 'c':
            ncon = atoi(optarg);
            break;
        case 'w':
            window = atoi(optarg);
            break;
        case 'm':
            mode = !strcmp(optarg, "seq") ? SEQ : !strcmp(optarg, "data") ? DATAP : BDATP;
            break;
        default:
            return 2;
        }
    if (window > MAXW)
        window = MAXW;
    FILE *f = file ? fopen(file, "rb") : 0;
    if (!f)
        die("-f FILE");
    static char buf[1 << 22];
    size_t n = fread(buf, 1, sizeof buf - 1, f);
    fclose(f);
    if (memmem(buf, n, "\n.", 2)) {
        fprintf(stderr, "a line begins with a dot\n");
        return 2;
    }
    for (char *p = buf, *e = buf + n; p < e;) {
        char *a = memmem(p, e - p, "%RCPT%", 6), *b = memmem(p, e - p, "%TOKEN%", 7);
        char *q = a && (!b || a < b) ? a : b;
        if (!q)
            q = e;
        if (q > p) {
            segs[nseg++] = (seg){p, q - p, 0};
            fixed += q - p;
        }
        if (q < e) {
            segs[nseg++] = (seg){0, 0, q == a ? 1 : 2};
            n_slot[q == a ? 1 : 2]++;
        }
        p = q == e ? e : q + (q == a ? 6 : 7);
    }
    ep = epoll_create1(0);
    conn *cs = calloc(ncon, sizeof *cs);
    int one = 1, open = ncon;
    struct timespec t0, t1;
    clock_gettime(CLOCK_MONOTONIC, &t0);
    for (int i = 0; i < ncon; i++) {
        conn *c = &cs[i];
        c->m = calloc(MAXW + 2, sizeof(msg));
        c->bol = 1;
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (connect(c->fd, (void *)&a, sizeof a))
            die("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
    }
    struct epoll_event ev[64];
    static char in[65536];
    while (open) {
        int k = epoll_wait(ep, ev, 64, 5000);
        if (k == 0) {
            fprintf(stderr, "stalled at %ld\n", finished);
            return 3;
        }
        for (int i = 0; i < k; i++) {
            conn *c = ev[i].data.ptr;
            if (ev[i].events & (EPOLLIN | EPOLLHUP)) {
                ssize_t r = read(c->fd, in, sizeof in);
                if (r <= 0) {
                    if (!c->done) {
                        fprintf(stderr, "lost connection\n");
                        return 3;
                    }
                    close(c->fd);
                    open--;
                    continue;
                }
                for (ssize_t j = 0; j < r;
                     j++) { /* a reply ends with the line whose 4th byte is a space */
                    if (c->nl < 8)
                        c->lbuf[c->nl] = in[j];
                    c->nl++;
                    if (in[j] == '\n') {
                        if (c->lbuf[3] != '-')
                            on_reply(c, atoi(c->lbuf));
                        c->nl = 0;
                    }
                }
                if (c->niov)
                    flush(c);
            } else if (ev[i].events & EPOLLOUT)
                flush(c);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &t1);
    double s = t1.tv_sec - t0.tv_sec + (t1.tv_nsec - t0.tv_nsec) / 1e9;
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double cpu =
        u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    printf("{\"messages\":%ld,\"seconds\":%.4f,\"per_second\":%.0f,\"cpu_s\":%.3f}\n", finished, s,
           finished / s, cpu);
    return finished == total ? 0 : 1;
}
