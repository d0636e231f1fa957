#pragma once
#include <torch/types.h>

// torch brings glog's CHECK; tests mean their own.
#undef CHECK
#include "support/named_tests.h"
