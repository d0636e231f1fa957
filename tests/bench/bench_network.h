#pragma once
#include "data/box.h"
#include "nn/topology.h"

namespace fovea::bench {

// The network that nnU-Net's rules give for a patch of the electron micrographs of the peers' scripts: 50 × 4.6 × 4.6
// nm, one channel, three classes.
nn::Topology plannedNetwork(Index patch, int dims);

// The patch's last `dims` axes.
std::vector<std::int64_t> axesOf(Index patch, int dims);

}  // namespace fovea::bench
