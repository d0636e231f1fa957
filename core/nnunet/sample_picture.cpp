#include "nnunet/sample_picture.h"

#include <torch/types.h>

#include <algorithm>

namespace fovea::nnunet {

namespace {

// Of the first patch: (Z, Y, X) int32.
at::Tensor classesOf(const at::Tensor& labels, std::int64_t imageDims) {
    at::Tensor classes = labels[0];
    if (labels.dim() == imageDims) {  // regions
        std::vector<std::int64_t> numbers(std::size_t(classes.dim()), 1);
        numbers[0] = classes.size(0);
        classes = (classes * at::arange(1, classes.size(0) + 1, classes.device()).view(numbers)).amax(0);
    }
    if (classes.dim() == 2) classes = classes.unsqueeze(0);
    return classes.cpu().to(at::kInt).contiguous();
}

template <class T>
Volume<T> sectionOf(const at::Tensor& volume, std::int64_t z) {
    const at::Tensor section = volume[z].contiguous();
    Volume<T> result({1, section.size(0), section.size(1)});
    std::copy_n(section.data_ptr<T>(), section.numel(), result.begin());
    return result;
}

}  // namespace

Picture samplePicture(const at::Tensor& image, const at::Tensor& truth, const at::Tensor& found) {
    at::Tensor grey = image[0][0];
    if (grey.dim() == 2) grey = grey.unsqueeze(0);
    grey = grey.cpu().to(at::kFloat);
    const at::Tensor labels = classesOf(truth, image.dim());
    const std::int64_t z = (labels > 0).sum({1, 2}).argmax().item<std::int64_t>();
    const Volume<float> section = sectionOf<float>(grey, z);
    const auto [low, high] = std::minmax_element(section.begin(), section.end());
    const auto with = [&, low = *low, high = *high](const Volume<std::int32_t>& objects) {
        return overlay(section, low, high, objects);
    };
    return beside({with({}), with(sectionOf<std::int32_t>(labels, z)),
                   with(sectionOf<std::int32_t>(classesOf(found, image.dim()), z))});
}

}  // namespace fovea::nnunet
