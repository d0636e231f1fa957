#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// Directions spread evenly over the circle (flat) or the sphere, and who lies beside whom.
struct Directions {
    bool flat = false;
    std::vector<Vec3> unit;
    std::vector<std::vector<int>> beside;
    // A grid over latitude and longitude, each cell with the three nearest directions and their weights.
    int rows = 1, columns = 0;
    std::vector<std::array<int, 3>> near;
    std::vector<std::array<float, 3>> weight;
};
const Directions& directions(bool flat);

// A body seen from one place inside it: how far it reaches in every direction. Lengths in `spacing` units, where the
// finest axis is 1; positions in voxels of the image it was found in.
class StarBody {
  public:
    StarBody(const Directions& directions, Index centre, Vec3 spacing, std::vector<float> radius);
    Index centre() const { return centre_; }
    const std::vector<float>& radius() const { return radius_; }
    // Distance from the centre and the body's reach in that direction.
    double distance(Index v) const;
    double reach(Index v) const;
    // 1 within the body; shape of the image.
    Volume<std::uint8_t> mask(Index shape) const;
    // Moves the surface so that it passes through `reach` in the direction of v; see moved().
    struct Pull {
        Index at;
        double by = 0;  // wanted change of the reach there
    };
    // The surface moved by what Gaussian process regression (Rasmussen, Williams 2006) makes of the pulls: a part all
    // directions share (`common`, 0 … 1) and a part that fades with the angle. Radii stay above half a voxel.
    StarBody moved(const std::vector<Pull>& pulls, double common) const;

  private:
    Vec3 offset(Index v) const;
    double lookUp(Vec3 away, double length) const;
    void fillTable();

    const Directions* directions_;
    Index centre_;
    Vec3 spacing_;
    std::vector<float> radius_, table_;
};

struct StarFit {
    StarBody body;
    double belief = 0;  // 0..1: how much of the surface lies on an edge
};

// The star-shaped body around `centre` (inside the image) whose surface fits the image best: a sharp fall or rise of
// the grey value, the foot of a fall, or a thin wall, bright or dark, around a body as even as may be. All are tried
// and the clearest is kept; what `inside` and `outside` (positions) contradict counts as less clear. Surface and
// smoothness are weighed over all directions at once (optimal surfaces in polar coordinates: Li, Wu, Chen, Sonka 2006;
// solved by min-sum belief propagation: Felzenszwalb, Huttenlocher 2006). Voxels with open = 0 are never entered and
// end it as an edge does; where the image ends the body may. Reaches 64 voxels of the finest axis at most.
// Deterministic. Throws Cancelled.
StarFit fitStar(const Volume<float>& image, Vec3 spacing, const Volume<std::uint8_t>& open, Index centre,
                const std::vector<Index>& inside, const std::vector<Index>& outside, Job& job);

}  // namespace fovea::segment
