/* SPDX-License-Identifier: Apache-2.0 */
/* sanitized - whether a sanitizer was built in: it needs what limits and fences take away. */
#ifndef BASE_SANITIZED_H
#define BASE_SANITIZED_H

#if defined(__has_feature)
#define IS_SANITIZED                                                                               \
    (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                        \
     __has_feature(memory_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

#endif
