#include "measure/object_stats.h"

#include "measure/label_index.h"

namespace fovea::measure {
namespace {

struct Sums {
    ObjectStats stats;
    double z = 0, y = 0, x = 0, grey = 0;
};

// Takes in the run [begin, end) of one object in row (z, y).
void addRun(Sums& sums, std::int64_t z, std::int64_t y, std::int64_t begin, std::int64_t end, const float* grey) {
    ObjectStats& s = sums.stats;
    const std::int64_t n = end - begin;
    if (s.voxels == 0)
        s.box = {{z, y, begin}, {z + 1, y + 1, end}};
    else
        s.box = s.box.united({{z, y, begin}, {z + 1, y + 1, end}});
    s.area.resize(std::size_t(s.box.end.z - s.box.begin.z), 0);  // rows come in C order: slices only grow at the end
    s.area.back() += n;
    s.voxels += n;
    sums.z += double(z) * double(n);
    sums.y += double(y) * double(n);
    sums.x += 0.5 * double(begin + end - 1) * double(n);
    if (grey)
        for (std::int64_t x = begin; x < end; ++x) sums.grey += grey[x];
}

}  // namespace

template <class T>
std::vector<ObjectStats> objectStats(const Volume<T>& labels, const Volume<float>* image, Job& job) {
    const Index shape = labels.shape();
    if (image && image->shape() != shape)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("Labels ({labels}) and image ({image}) differ in shape; measure volumes of one shape."),
                     {{"labels", toString(shape)}, {"image", toString(image->shape())}}});
    LabelIndex index;
    std::vector<Sums> sums;
    for (std::int64_t z = 0; z < shape.z; ++z) {
        job.check();
        for (std::int64_t y = 0; y < shape.y; ++y) {
            const T* row = labels.data() + labels.offset(z, y, 0);
            const float* grey = image ? image->data() + image->offset(z, y, 0) : nullptr;
            for (std::int64_t x = 0; x < shape.x;) {
                const std::int64_t begin = x;
                const T value = row[x];
                while (x < shape.x && row[x] == value) ++x;
                if (value == 0) continue;
                const std::int64_t position = index.position(std::int64_t(value));
                if (position == std::int64_t(sums.size())) sums.emplace_back();
                addRun(sums[std::size_t(position)], z, y, begin, x, grey);
            }
        }
    }
    std::vector<ObjectStats> result;
    result.reserve(sums.size());
    for (std::int64_t position : index.byId()) {
        Sums& s = sums[std::size_t(position)];
        const double n = double(s.stats.voxels);
        s.stats.id = index.ids()[std::size_t(position)];
        s.stats.centroid = {s.z / n, s.y / n, s.x / n};
        s.stats.mean = image ? s.grey / n : 0;
        const Box& b = s.stats.box;
        s.stats.touchesBorder = b.begin.y == 0 || b.begin.x == 0 || b.end.y == shape.y || b.end.x == shape.x ||
                                (shape.z > 1 && (b.begin.z == 0 || b.end.z == shape.z));
        result.push_back(std::move(s.stats));
    }
    return result;
}

template std::vector<ObjectStats> objectStats(const Volume<std::uint8_t>&, const Volume<float>*, Job&);
template std::vector<ObjectStats> objectStats(const Volume<std::int32_t>&, const Volume<float>*, Job&);
template std::vector<ObjectStats> objectStats(const Volume<std::int64_t>&, const Volume<float>*, Job&);

}  // namespace fovea::measure
