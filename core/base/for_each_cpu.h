#pragma once

// FOVEA_FOR_EACH_CPU before a function: compiled for the widest registers there are as well and chosen when the program
// starts (before the thread sanitizer is ready, so not with that). For plain loops over numbers.
// FOVEA_FOR_EACH_CPU_ALIKE: without fused multiplications, so that sums are the same to the last bit on all of them.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__)
#define FOVEA_FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v3", "default")))
#define FOVEA_FOR_EACH_CPU_ALIKE __attribute__((target_clones("avx2", "default")))
#else
#define FOVEA_FOR_EACH_CPU
#define FOVEA_FOR_EACH_CPU_ALIKE
#endif
