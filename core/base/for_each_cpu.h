#pragma once

// FOVEA_FOR_EACH_CPU before a function: compiled for the widest registers there are as well and chosen when the program
// starts (before the thread sanitizer is ready, so not with that). For plain loops over numbers.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__)
#define FOVEA_FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FOVEA_FOR_EACH_CPU
#endif
