#include "segment/mask_proposals.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fovea::segment {

namespace {

double area(const Rectangle& r) { return (r.x1 - r.x0) * (r.y1 - r.y0); }

// NaN for two boxes without area, which is above no threshold.
double iou(const Rectangle& a, const Rectangle& b) {
    const double width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
    const double height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
    const double shared = std::max(width, 0.0) * std::max(height, 0.0);
    return shared / (area(a) + area(b) - shared);
}

}  // namespace

std::vector<Point> pointGrid(std::int64_t perSide) {
    const auto middle = [&](std::int64_t k) { return (double(k) + 0.5) / double(perSide); };
    std::vector<Point> points;
    for (std::int64_t row = 0; row < perSide; ++row)
        for (std::int64_t column = 0; column < perSide; ++column) points.push_back({middle(column), middle(row)});
    return points;
}

std::vector<CropBox> cropBoxes(std::int64_t height, std::int64_t width, int layers, double overlap) {
    std::vector<CropBox> crops{{Box::of({1, height, width}), 0}};
    for (int layer = 1; layer <= layers; ++layer) {
        const std::int64_t perSide = std::int64_t(1) << layer;
        const auto shared = std::int64_t(overlap * double(std::min(height, width)) * (2.0 / double(perSide)));
        const auto side = [&](std::int64_t extent) {
            return std::int64_t(std::ceil(double(shared * (perSide - 1) + extent) / double(perSide)));
        };
        const std::int64_t h = side(height), w = side(width);
        for (std::int64_t i = 0; i < perSide; ++i)
            for (std::int64_t j = 0; j < perSide; ++j) {
                const Index at{0, (h - shared) * j, (w - shared) * i};
                crops.push_back({Box{at, at + Index{1, h, w}}.intersected(crops.front().box), layer});
            }
    }
    return crops;
}

std::vector<std::int64_t> withoutOverlaps(const std::vector<Rectangle>& boxes, const std::vector<double>& scores,
                                          double mostIou) {
    std::vector<std::int64_t> order(boxes.size()), kept;
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int64_t a, std::int64_t b) { return scores[std::size_t(a)] > scores[std::size_t(b)]; });
    for (const std::int64_t candidate : order)
        if (std::none_of(kept.begin(), kept.end(), [&](std::int64_t better) {
                return iou(boxes[std::size_t(better)], boxes[std::size_t(candidate)]) > mostIou;
            }))
            kept.push_back(candidate);
    return kept;
}

bool touchesCropEdge(const Rectangle& box, const Box& crop, const Box& image, double tolerance) {
    const double dx = double(crop.begin.x), dy = double(crop.begin.y);
    const auto near = [&](double edge, std::int64_t of) { return std::abs(edge - double(of)) <= tolerance; };
    const auto cut = [&](double edge, std::int64_t ofCrop, std::int64_t ofImage) {
        return near(edge, ofCrop) && !near(edge, ofImage);
    };
    return cut(box.x0 + dx, crop.begin.x, image.begin.x) || cut(box.y0 + dy, crop.begin.y, image.begin.y) ||
           cut(box.x1 + dx, crop.end.x, image.end.x) || cut(box.y1 + dy, crop.end.y, image.end.y);
}

}  // namespace fovea::segment
