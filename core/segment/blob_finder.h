#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// What counts as a blob in one image (a slice, or a volume when it has several slices).
struct BlobSettings {
    Vec3 spacing{1, 1, 1};             // of a voxel, the finest axis is 1
    std::vector<double> sigmas{1, 2};  // blur before thresholding, in units of `spacing`
    std::vector<double> usualEdges;    // per sigma, see usualEdge(); empty: those of the image itself
    double leastRadius = 2;            // short half axis, in units of `spacing`
    double mostRadius = 100;           // radius of the ball (disc) of equal size
    double typicalRadius = 0;          // sizes around it are preferred; 0: none is
    double typicalEdge = 0;            // edge strength along the outline of typical blobs; 0: not known
    double sizeOctaves = 1;            // spread of sizes around the typical one
    double leastScore = 0.3;
    double roundFrom = 0.75;  // share of its ellipse of inertia that a blob must fill to count at all
    double texture = 2;       // edges must stand out this much against the median one to count half
};

// Median edge strength after a blur of `sigma`: what edges of blobs are compared with.
double usualEdge(const Volume<float>& image, double sigma, Vec3 spacing, Job& job);

struct Blob {
    Index middle;                      // mean voxel position, rounded
    std::vector<std::int32_t> voxels;  // offsets
    double score = 0;                  // 0..1: roundness × edge × size
    double radius = 0;                 // of the ball of equal size
    double edge = 0;                   // mean edge strength along the outline, relative to the sharpest
};

// Bright blobs of `image` (values 0..1), best first, none overlapping another. Every blob has its own threshold:
// candidates are the nodes of component trees at several blurs, scored by how well they fill their ellipse of inertia,
// how strong the edge along their outline is and how near they come to the typical size; the best that fit beside one
// another are kept (after Matas et al. 2002, MSER, and Arteta et al. 2012, who choose disjoint extremal regions by
// score). Holes are filled.
std::vector<Blob> findBlobs(const Volume<float>& image, const BlobSettings& settings, Job& job);

}  // namespace fovea::segment
