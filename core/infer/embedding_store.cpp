#include "infer/embedding_store.h"

#include <ATen/ops/from_blob.h>

#include <cstring>

#include "base/file.h"
#include "base/file_error.h"
#include "nn/sam/frame.h"
#include "nn/torch_errors.h"

namespace fovea::infer {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* layoutVersion = "1.8.10";  // of micro-sam, whose layout this is

json pair(std::int64_t y, std::int64_t x) { return {y, x}; }

json tileShape(const TileGrid& tiles) { return tiles.tiled() ? pair(tiles.tile, tiles.tile) : json(); }
json haloShape(const TileGrid& tiles) { return tiles.tiled() ? pair(tiles.halo, tiles.halo) : json(); }

// What micro-sam remembers of an image in the encoder's frame: its own size and that of its content there.
json sizesOf(const Box& outer, std::int64_t side) {
    const nn::sam::Frame frame = nn::sam::frameOf(outer.extent().y, outer.extent().x, side);
    return {{"original_size", pair(frame.height, frame.width)},
            {"input_size", pair(frame.contentHeight, frame.contentWidth)}};
}

// Not there, or out of reach: then whoever writes there says why.
bool isThere(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

// What zarr lets out of a disk that fails, as ours.
template <class F>
decltype(auto) onDisk(F&& f) {
    try {
        return std::forward<F>(f)();
    } catch (const fs::filesystem_error& e) {
        throw file::systemError(e.path1(), FOVEA_TR("examined"), e.code().value());
    }
}

bool plausible(const at::Tensor& embedding) {
    return embedding.isfinite().all().item<bool>() && embedding.any().item<bool>();
}

}  // namespace

EmbeddingStore::EmbeddingStore(fs::path folder, EmbeddedImage image)
    : folder_(std::move(folder)), image_(std::move(image)) {
    if (isThere(folder_ / ".zattrs")) {
        checkSame(file::readJson(folder_ / ".zattrs"));
    } else if (isThere(folder_ / "zarr.json")) {
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("The embeddings in {path} are a Zarr of version 3. Let micro-sam write version 2, or "
                              "choose another folder."),
                     {{"path", folder_.string()}}});
    } else {
        begin();
    }
}

void EmbeddingStore::begin() const {
    file::makeFolder(folder_);
    const json group = {{"zarr_format", 2}};
    if (image_.tiles.tiled()) {
        file::makeFolder(folder_ / "features");
        file::writeJson(folder_ / "features" / ".zgroup", group);
        file::writeJson(folder_ / "features" / ".zattrs", {{"shape", pair(image_.tiles.height, image_.tiles.width)},
                                                           {"tile_shape", tileShape(image_.tiles)},
                                                           {"halo", haloShape(image_.tiles)}});
    }
    file::writeJson(folder_ / ".zgroup", group);
    file::writeJson(folder_ / ".zattrs", {{"data_signature", image_.image},
                                          {"tile_shape", tileShape(image_.tiles)},
                                          {"halo", haloShape(image_.tiles)},
                                          {"model_type", image_.modelType},
                                          {"model_name", image_.modelType},
                                          {"model_hash", image_.model},
                                          {"micro_sam_version", layoutVersion}});
}

// As micro-sam: the weights' name is not compared, two files may hold the same network.
void EmbeddingStore::checkSame(const json& found) const {
    const json wanted = {{"data_signature", image_.image},
                         {"model_type", image_.modelType},
                         {"tile_shape", tileShape(image_.tiles)},
                         {"halo", haloShape(image_.tiles)}};
    for (const auto& [key, value] : wanted.items()) {
        const json there = found.is_object() ? found.value(key, json()) : json("nothing");
        if (there != value)
            throw Error(
                ErrorKind::Input,
                {FOVEA_TR("The embeddings in {path} are of something else: {key} is {there}, not {wanted}. "
                          "Choose another folder, or delete this one."),
                 {{"path", folder_.string()}, {"key", key}, {"there", there.dump()}, {"wanted", value.dump()}}});
    }
}

fs::path EmbeddingStore::arrayOf(std::int64_t tile) const {
    const fs::path features = folder_ / "features";
    return image_.tiles.tiled() ? features / std::to_string(tile) : features;
}

void EmbeddingStore::makeArray(std::int64_t tile) const {
    const fs::path place = arrayOf(tile);
    zarr::ArrayMeta meta;
    meta.shape = meta.chunks = {1, image_.width, image_.grid, image_.grid};
    if (image_.slices > 1) {
        meta.shape.insert(meta.shape.begin(), image_.slices);
        meta.chunks.insert(meta.chunks.begin(), 1);
    }
    meta.dtype = DType::F32;
    meta.stored = zarr::Stored::Half;
    meta.storedSize = 2;
    meta.compressor = zarr::codecForLayout("zstd").configuration();
    file::makeFolder(place);
    if (image_.tiles.tiled()) file::writeJson(place / ".zattrs", sizesOf(image_.tiles.outer(tile), image_.side));
    file::writeJson(place / ".zarray", zarr::toJson(meta));
}

// Absent when it is not there, damaged, of a codec not known here, or of other embeddings.
std::optional<zarr::Array> EmbeddingStore::openArray(std::int64_t tile) const {
    if (!isThere(arrayOf(tile) / ".zarray")) return std::nullopt;
    try {
        zarr::Array array(arrayOf(tile));
        const bool fits = array.shape() == Index{image_.width, image_.grid, image_.grid} && array.channels() == 1 &&
                          array.timepoints() == image_.slices && array.meta().dtype == DType::F32;
        return fits ? std::optional(std::move(array)) : std::nullopt;
    } catch (const Error& e) {
        if (e.kind() != ErrorKind::Format && e.kind() != ErrorKind::Missing && e.kind() != ErrorKind::Unsupported)
            throw;
        return std::nullopt;
    }
}

std::optional<at::Tensor> EmbeddingStore::read(std::int64_t slice, std::int64_t tile) const {
    try {
        return onDisk([&] { return nn::translated([&] { return load(slice, tile); }); });
    } catch (const Error&) {
        return std::nullopt;  // it can be computed
    }
}

std::optional<at::Tensor> EmbeddingStore::load(std::int64_t slice, std::int64_t tile) const {
    const std::optional<zarr::Array> array = openArray(tile);
    if (!array || !array->finished(slice, 0, Box::of(array->shape()))) return std::nullopt;
    AnyVolume values;
    array->read(slice, 0, Box::of(array->shape()), values);
    const at::Tensor embedding =
        at::from_blob(values.bytes.data(), {1, image_.width, image_.grid, image_.grid}, at::kFloat).to(at::kHalf);
    return plausible(embedding) ? std::optional(embedding) : std::nullopt;
}

void EmbeddingStore::write(std::int64_t slice, std::int64_t tile, const at::Tensor& embedding) {
    AnyVolume values(DType::F32, {image_.width, image_.grid, image_.grid});
    nn::translated([&] {
        const at::Tensor floats = embedding.to(at::kCPU, at::kFloat).contiguous();
        if (std::size_t(floats.numel()) * sizeof(float) != values.bytes.size())
            throw Error(ErrorKind::Internal, "an embedding of another size");
        std::memcpy(values.bytes.data(), floats.const_data_ptr<float>(), values.bytes.size());
    });
    const std::lock_guard lock(making_);
    onDisk([&] {
        if (!openArray(tile)) {
            file::remove(arrayOf(tile));
            makeArray(tile);
        }
        zarr::Array(arrayOf(tile)).write(slice, 0, Box::of(values.shape), values);
        if (complete_ || !complete()) return;
        markComplete();
        complete_ = true;
    });
}

bool EmbeddingStore::complete() const {
    for (std::int64_t tile = 0; tile < image_.tiles.count(); ++tile) {
        const std::optional<zarr::Array> array = openArray(tile);
        if (!array) return false;
        for (std::int64_t slice = 0; slice < image_.slices; ++slice)
            if (!array->finished(slice, 0, Box::of(array->shape()))) return false;
    }
    return true;
}

void EmbeddingStore::markComplete() const {
    json attributes = file::readJson(folder_ / ".zattrs");
    if (attributes.contains("input_size")) return;
    const json sizes = sizesOf(image_.tiles.outer(0), image_.side);
    for (const char* key : {"input_size", "original_size"})
        attributes[key] = image_.tiles.tiled() ? json() : sizes.at(key);
    file::writeJson(folder_ / ".zattrs", attributes);
}

}  // namespace fovea::infer
