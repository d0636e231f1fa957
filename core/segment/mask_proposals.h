#pragma once
#include <cstdint>
#include <vector>

#include "data/box.h"

// Where automatic mask generation looks in an image, and which of its masks it keeps (Kirillov et al. 2023; spec
// models.md 1.7).
namespace fovea::segment {

struct Point {
    double x = 0, y = 0;
};
// Inclusive pixel extremes: a box of one column has x0 = x1.
struct Rectangle {
    double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

// perSide × perSide points in the middle of equal parts of the unit square, row by row.
std::vector<Point> pointGrid(std::int64_t perSide);

struct CropBox {
    Box box;        // one section deep
    int layer = 0;  // 0 = the whole image
};
// The whole image, then for each layer L = 1 … layers 2^L × 2^L crops, column by column, that overlap by `overlap` of
// the shorter side in the first layer and half as much in each next one.
std::vector<CropBox> cropBoxes(std::int64_t height, std::int64_t width, int layers, double overlap = 512.0 / 1500);

// Indices of the boxes that no better one overlaps by an IoU above `mostIou`, best score first; equal scores in their
// order. Areas are those between the extremes, so a box of one column has none and neither suppresses nor is
// suppressed.
std::vector<std::int64_t> withoutOverlaps(const std::vector<Rectangle>& boxes, const std::vector<double>& scores,
                                          double mostIou);

// Whether an edge of a box, in coordinates of its crop, lies within `tolerance` pixels of the crop's edge where that is
// not the image's edge as well: then the object goes on outside.
bool touchesCropEdge(const Rectangle& box, const Box& crop, const Box& image, double tolerance = 20);

}  // namespace fovea::segment
