#pragma once
#include <array>

#include "data/box.h"

namespace fovea::plan {

// nnU-Net's transpose_forward: axis i of the network's grid is axis forward[i] of the grid as stored.
struct AxisOrder {
    std::array<int, 3> forward{0, 1, 2};

    template <class Triple>  // Index or Vec3
    Triple toNetwork(Triple stored) const {
        return {stored[forward[0]], stored[forward[1]], stored[forward[2]]};
    }
    template <class Triple>
    Triple toStored(Triple network) const {
        Triple stored;
        for (int axis = 0; axis < 3; ++axis) stored[forward[std::size_t(axis)]] = network[axis];
        return stored;
    }
    Box toNetwork(const Box& stored) const { return {toNetwork(stored.begin), toNetwork(stored.end)}; }
    Box toStored(const Box& network) const { return {toStored(network.begin), toStored(network.end)}; }
    bool keeps() const { return forward == std::array<int, 3>{0, 1, 2}; }
    friend bool operator==(const AxisOrder&, const AxisOrder&) = default;
};

}  // namespace fovea::plan
