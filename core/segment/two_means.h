#pragma once
#include <utility>
#include <vector>

namespace fovea::segment {

// Means of the lower and the upper part of `values`, split where the squared distances to them are least in sum: the
// exact optimum of k-means with two clusters on a line (every split of the sorted values is tried; the lowest on ties).
// Both are the mean where all values are equal; zeros without values.
std::pair<double, double> twoMeans(std::vector<double> values);

}  // namespace fovea::segment
