/* SPDX-License-Identifier: Apache-2.0 */
/* password - what people remember, stretched on two slow threads: see password.h. */
#include "auth/password.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"

enum {
    STRETCH_PASSES = 2,
    STRETCH_BYTES = 19 * 1024 * 1024,
    HASH_BYTES = 32,
    STACK_BYTES = 256 * 1024,
    LOWEST_PRIORITY = 19,
};

/* One password under work; lives on its caller's stack. */
struct errand {
    struct errand *next;
    struct str password;
    const char *verifier; /* to check against; NULL: to make one */
    char made[crypto_pwhash_STRBYTES];
    enum password_answer answer;
    sem_t done;
};

struct passwords {
    pthread_mutex_t mutex;
    pthread_cond_t has_work;
    struct errand *first, *last;
    size_t waiting, running;
    size_t thread_count;
    pthread_t threads[PASSWORD_THREADS];
    bool is_closing;
    char nobodys[crypto_pwhash_STRBYTES]; /* costs what all cost, and no password is right */
};

/* ---- stretching ------------------------------------------------------------------------------ */

static void append_random_base64(char *text, size_t text_bytes, size_t random_bytes)
{
    unsigned char bytes[32];
    assert(random_bytes <= sizeof(bytes));
    random_fill(bytes, random_bytes);
    size_t used = strlen(text);
    sodium_bin2base64(text + used, text_bytes - used, bytes, random_bytes,
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

/* As crypto_pwhash_str writes one, of a password that nobody knows. */
static void make_nobodys(char text[crypto_pwhash_STRBYTES])
{
    static const char costs[] = "$argon2id$v=19$m=19456,t=2,p=1$";
    static_assert(STRETCH_BYTES == 19456 * 1024, "the text says what stretching costs");
    memset(text, 0, crypto_pwhash_STRBYTES);
    memcpy(text, costs, sizeof(costs));
    append_random_base64(text, crypto_pwhash_STRBYTES, crypto_pwhash_SALTBYTES);
    text[strlen(text)] = '$';
    append_random_base64(text, crypto_pwhash_STRBYTES, HASH_BYTES);
}

static enum password_answer make(char made[crypto_pwhash_STRBYTES], struct str password)
{
    int problem = crypto_pwhash_str_alg(made, password.data, password.size, STRETCH_PASSES,
                                        STRETCH_BYTES, crypto_pwhash_ALG_ARGON2ID13);
    return problem == 0 ? PASSWORD_RIGHT : PASSWORD_BUSY;
}

/* What crypto_pwhash_str_alg has written. crypto_pwhash_str_verify reads it, too, but calls a
 * password wrong when it only had no memory to find out. */
struct stretched {
    uint64_t kibibytes, passes, lanes;
    unsigned char salt[crypto_pwhash_SALTBYTES];
    unsigned char hash[HASH_BYTES];
};

/* A number between its name and a byte, which *rest is behind afterwards. */
static bool take_number(struct str *rest, struct str name, char end, uint64_t *number)
{
    size_t at = str_find_byte(*rest, end, 0);
    if (at == rest->size || !str_starts_with(*rest, name) || at < name.size ||
        !str_parse_u64(str_slice(*rest, name.size, at), number))
        return false;
    *rest = str_slice(*rest, at + 1, rest->size);
    return true;
}

static bool read_base64(struct str text, unsigned char *bytes, size_t byte_count)
{
    size_t found = 0;
    return sodium_base642bin(bytes, byte_count, text.data, text.size, NULL, &found, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           found == byte_count;
}

static bool read_verifier(struct str text, struct stretched *stretched)
{
    if (!str_starts_with(text, STR("$argon2id$v=19$")))
        return false;
    text = str_slice(text, STR("$argon2id$v=19$").size, text.size);
    if (!take_number(&text, STR("m="), ',', &stretched->kibibytes) ||
        !take_number(&text, STR("t="), ',', &stretched->passes) ||
        !take_number(&text, STR("p="), '$', &stretched->lanes))
        return false;
    size_t end = str_find_byte(text, '$', 0);
    return end < text.size && stretched->lanes == 1 && stretched->kibibytes <= UINT32_MAX &&
           read_base64(str_slice(text, 0, end), stretched->salt, sizeof(stretched->salt)) &&
           read_base64(str_slice(text, end + 1, text.size), stretched->hash,
                       sizeof(stretched->hash));
}

/* Compares in constant time. Who could not be told for want of memory is not wrong. */
static enum password_answer check(const char *verifier, struct str password)
{
    struct stretched stretched;
    unsigned char hash[HASH_BYTES];
    if (!read_verifier(str_of(verifier), &stretched))
        return PASSWORD_WRONG;
    errno = 0;
    if (crypto_pwhash(hash, sizeof(hash), password.data, password.size, stretched.salt,
                      stretched.passes, stretched.kibibytes * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return errno == EINVAL ? PASSWORD_WRONG : PASSWORD_BUSY;
    bool is_right = sodium_memcmp(hash, stretched.hash, sizeof(hash)) == 0;
    sodium_memzero(hash, sizeof(hash));
    return is_right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

static enum password_answer stretch(struct errand *errand)
{
    return errand->verifier == NULL ? make(errand->made, errand->password)
                                    : check(errand->verifier, errand->password);
}

/* ---- the threads ----------------------------------------------------------------------------- */

/* With the mutex held; NULL when there will be no more. */
static struct errand *take_errand(struct passwords *passwords)
{
    while (passwords->first == NULL && !passwords->is_closing)
        pthread_cond_wait(&passwords->has_work, &passwords->mutex);
    struct errand *errand = passwords->first;
    if (errand == NULL)
        return NULL;
    passwords->first = errand->next;
    if (passwords->first == NULL)
        passwords->last = NULL;
    passwords->waiting--;
    passwords->running++;
    return errand;
}

static void *run_thread(void *argument)
{
    struct passwords *passwords = argument;
    /* On Linux this is about the one thread. Where it is not allowed, the bound has to do. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOWEST_PRIORITY);
    for (;;) {
        pthread_mutex_lock(&passwords->mutex);
        struct errand *errand = take_errand(passwords);
        pthread_mutex_unlock(&passwords->mutex);
        if (errand == NULL)
            return NULL;
        errand->answer = stretch(errand);
        pthread_mutex_lock(&passwords->mutex);
        passwords->running--;
        pthread_mutex_unlock(&passwords->mutex);
        sem_post(&errand->done); /* the errand is gone from here on */
    }
}

/* Signals are the main thread's. */
static void start_thread(struct passwords *passwords)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int problem = pthread_create(&passwords->threads[passwords->thread_count], &attributes,
                                 run_thread, passwords);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (problem == 0)
        passwords->thread_count++;
}

/* With the mutex held: false when too many wait already. */
static bool enqueue(struct passwords *passwords, struct errand *errand)
{
    size_t busy = passwords->waiting + passwords->running;
    if (busy >= PASSWORD_THREADS + PASSWORD_WAITING_MAX)
        return false;
    if (busy >= passwords->thread_count && passwords->thread_count < PASSWORD_THREADS)
        start_thread(passwords);
    if (passwords->thread_count == 0)
        return false;
    if (passwords->last == NULL)
        passwords->first = errand;
    else
        passwords->last->next = errand;
    passwords->last = errand;
    passwords->waiting++;
    pthread_cond_signal(&passwords->has_work);
    return true;
}

static enum password_answer run(struct passwords *passwords, struct errand *errand)
{
    sem_init(&errand->done, 0, 0);
    pthread_mutex_lock(&passwords->mutex);
    bool is_taken = enqueue(passwords, errand);
    pthread_mutex_unlock(&passwords->mutex);
    while (is_taken && sem_wait(&errand->done) != 0)
        continue; /* a signal interrupted the wait */
    sem_destroy(&errand->done);
    return is_taken ? errand->answer : PASSWORD_BUSY;
}

/* ---- use ------------------------------------------------------------------------------------- */

struct passwords *passwords_open(void)
{
    struct passwords *passwords = MEMORY_NEW(struct passwords);
    pthread_mutex_init(&passwords->mutex, NULL);
    pthread_cond_init(&passwords->has_work, NULL);
    make_nobodys(passwords->nobodys);
    return passwords;
}

void passwords_close(struct passwords *passwords)
{
    pthread_mutex_lock(&passwords->mutex);
    assert(passwords->waiting == 0);
    passwords->is_closing = true;
    pthread_cond_broadcast(&passwords->has_work);
    pthread_mutex_unlock(&passwords->mutex);
    for (size_t i = 0; i < passwords->thread_count; i++)
        pthread_join(passwords->threads[i], NULL);
    pthread_cond_destroy(&passwords->has_work);
    pthread_mutex_destroy(&passwords->mutex);
    memory_free(passwords);
}

enum password_answer passwords_check(struct passwords *passwords, struct str verifier,
                                     struct str password)
{
    char text[crypto_pwhash_STRBYTES] = "";
    bool is_known = verifier.size > 0 && verifier.size < sizeof(text);
    if (password.size > PASSWORD_BYTES_MAX) /* nobody has such a one, whoever it is */
        return PASSWORD_WRONG;
    if (is_known)
        memcpy(text, verifier.data, verifier.size);
    struct errand errand = {
        .password = password,
        .verifier = is_known ? text : passwords->nobodys,
    };
    return run(passwords, &errand);
}

bool passwords_make(struct passwords *passwords, struct arena *arena, struct str password,
                    struct str *verifier)
{
    assert(password.size >= PASSWORD_BYTES_MIN);
    assert(password.size <= PASSWORD_BYTES_MAX);
    struct errand errand = {.password = password};
    if (run(passwords, &errand) != PASSWORD_RIGHT)
        return false;
    *verifier = arena_copy_str(arena, str_of(errand.made));
    return true;
}

void password_forget(struct str password)
{
    if (password.size > 0)
        sodium_memzero((char *)password.data, password.size);
}
