#include "data/synthetic.h"

#include "data/synthetic_parts.h"

namespace fovea {

SyntheticSample makeSample(const std::string& kind, Index shape, std::uint64_t seed, Job& job) {
    constexpr std::int64_t most = std::int64_t(1) << 31;
    if (shape.z < 1 || shape.y < 1 || shape.x < 1)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("A sample cannot have the shape {shape}. Give z, y, x of at least 1, such as 20,512,512."),
             {{"shape", toString(shape)}}});
    if (shape.z > most || shape.y > most / shape.z || shape.x > most / (shape.z * shape.y))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("A sample cannot have the shape {shape}: it may have at most {most} voxels. Give a "
                              "smaller one, such as 20,512,512."),
                     {{"shape", toString(shape)}, {"most", std::to_string(most)}}});
    if (kind == "em") return synthetic::makeEm(shape, seed, job);
    if (kind == "nuclei") return synthetic::makeNuclei(shape, seed, job);
    throw Error(ErrorKind::Input,
                {FOVEA_TR("There is no sample of kind \"{kind}\". Choose em or nuclei."), {{"kind", kind}}});
}

SyntheticSample makeSample(const std::string& kind, Index shape, std::uint64_t seed) {
    Job nothing;
    return makeSample(kind, shape, seed, nothing);
}

namespace synthetic {

namespace {

// Collects the piece that holds `start` and marks it with `mark`.
void gather(Volume<std::int32_t>& labels, Index start, std::int32_t mark, std::vector<Index>& piece) {
    const std::int32_t label = labels[start];
    piece.assign(1, start);
    labels[start] = mark;
    for (std::size_t done = 0; done < piece.size(); ++done) {
        const Index at = piece[done];
        const Box around = Box{at, at + Index{1, 1, 1}}.grown({1, 1, 1}).intersected(labels.box());
        for (std::int64_t z = around.begin.z; z < around.end.z; ++z)
            for (std::int64_t y = around.begin.y; y < around.end.y; ++y)
                for (std::int64_t x = around.begin.x; x < around.end.x; ++x)
                    if (labels(z, y, x) == label) {
                        labels(z, y, x) = mark;
                        piece.push_back({z, y, x});
                    }
    }
}

}  // namespace

void numberPieces(Volume<std::int32_t>& labels, std::int64_t least, Job& job) {
    std::int32_t next = 0;
    std::vector<Index> piece;
    const Index shape = labels.shape();
    for (std::int64_t z = 0; z < shape.z; ++z) {
        job.check();
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                if (labels(z, y, x) <= 0) continue;
                gather(labels, {z, y, x}, -(next + 1), piece);  // negative: numbered, not to be visited again
                if (std::int64_t(piece.size()) >= least)
                    ++next;
                else
                    for (const Index& v : piece) labels[v] = 0;
            }
    }
    for (std::int32_t& label : labels) label = -label;
}

}  // namespace synthetic

}  // namespace fovea
