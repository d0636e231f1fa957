#pragma once
#include <cmath>

#include "base/rng.h"
#include "data/volume.h"

// Invented images for the tests of this room.
namespace fovea::blobs {

// 1 inside the ball (in µm) around `middle`.
inline void addBall(Volume<std::int32_t>& labels, Index middle, double radius, Vec3 spacing, std::int32_t id) {
    for (std::int64_t z = 0; z < labels.shape().z; ++z)
        for (std::int64_t y = 0; y < labels.shape().y; ++y)
            for (std::int64_t x = 0; x < labels.shape().x; ++x) {
                const double dz = double(z - middle.z) * spacing.z, dy = double(y - middle.y) * spacing.y;
                const double dx = double(x - middle.x) * spacing.x;
                if (dz * dz + dy * dy + dx * dx <= radius * radius) labels(z, y, x) = id;
            }
}

// Grey `inside` on labels, `outside` elsewhere, with noise.
inline Volume<float> imageOf(const Volume<std::int32_t>& labels, double inside, double outside, double noise,
                             Vec3 spacing) {
    Volume<float> image(labels.shape());
    Rng rng(5);
    for (std::int64_t i = 0; i < image.size(); ++i)
        image.data()[i] = float((labels.data()[i] ? inside : outside) + noise * rng.normal());
    image.geometry.spacing = spacing;
    image.geometry.known = true;
    return image;
}

template <class A, class B>
double iou(const Volume<A>& a, const Volume<B>& b) {
    double both = 0, any = 0;
    for (std::int64_t i = 0; i < a.size(); ++i) {
        both += a.data()[i] != 0 && b.data()[i] != 0;
        any += a.data()[i] != 0 || b.data()[i] != 0;
    }
    return any > 0 ? both / any : 1;
}

}  // namespace fovea::blobs
