#pragma once
#include <array>
#include <cstdint>

#include "base/job.h"
#include "data/volume.h"
#include "segment/grid_cut.h"

namespace fovea::segment {

// How much of an outline each face between voxels is not, given what the outline of a mask looks like: the image along
// a line across it tells outline from no outline by a linear discriminant (Fisher 1936), learned along the axes of the
// plane and along z, and what it says becomes a cost (the logarithm of its belief, times the area of the face). A fall
// or rise of the grey value or a wall between two alike is thus known as the outline of this very object, whatever the
// next one has. Learned from faces where `trusted` is 1, near the outline; from all where there are too few of them.
// The outline that the mask has there is a third of the cost, because it is probably right.
class OutlineLook {
  public:
    // `image`: lightly blurred, finite; `mask`: 0 or 1, with voxels of both; `spacing`: finest axis 1. All three
    // volumes must live as long as this does. Throws Cancelled.
    OutlineLook(const Volume<float>& image, const Volume<std::uint8_t>& mask, const Volume<std::uint8_t>& trusted,
                Vec3 spacing, Job& job);
    FaceCost cost(Index voxel, int axis) const;

  private:
    static constexpr int samples_ = 8;  // of the image on a line across a face, one length of the finest axis apart
    using Profile = std::array<double, samples_>;
    struct Sums;
    // weight · profile + bias > 0: rather an outline, from inside to outside.
    struct Discriminant {
        Profile weight{};
        double bias = 0;
    };
    static Discriminant discriminantOf(const Sums& outline, const Sums& other);
    Profile profile(Index voxel, int axis) const;
    void learn(Job& job);

    const Volume<float>& image_;
    const Volume<std::uint8_t>&mask_, &trusted_;
    const Vec3 spacing_;
    std::array<double, 3> area_;  // of a face across each axis
    std::array<Discriminant, 3> look_;
};

}  // namespace fovea::segment
