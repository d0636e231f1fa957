#include "models/recognise.h"

#include <algorithm>

#include "tensorfile/safetensors.h"
#include "tensorfile/state_names.h"
#include "tensorfile/torch_file.h"

namespace fovea::models {

namespace {

// The side of a grid that a hostile file may claim at most.
constexpr std::int64_t mostGrid = 1024;
constexpr std::size_t namesShown = 3;

bool contains(const std::string& name, const char* part) { return name.find(part) != std::string::npos; }

bool hasPrefix(const PartList& parts, const std::string& prefix) {
    const auto found = parts.lower_bound(prefix);
    return found != parts.end() && found->first.starts_with(prefix);
}

// One extent of a tensor, 0 when there is none.
std::int64_t extent(const PartList& parts, const std::string& name, std::size_t axis) {
    const auto found = parts.find(name);
    return found == parts.end() || axis >= found->second.size() ? 0 : found->second[axis];
}

PartList below(const PartList& parts, const std::string& prefix) {
    PartList found;
    for (auto at = parts.lower_bound(prefix); at != parts.end() && at->first.starts_with(prefix); ++at)
        found[at->first.substr(prefix.size())] = at->second;
    return found;
}

// Names as the networks have them: without torch's wrappers and without micro-sam's trainer's "sam.".
PartList plainNames(const PartList& parts) {
    PartList plain;
    for (const auto& [wrapped, shape] : parts) {
        const std::string name = tensorfile::withoutWrappers(wrapped);
        plain[name.starts_with("sam.") ? tensorfile::withoutWrappers(name.substr(4)) : name] = shape;
    }
    return plain;
}

// Parameter-efficient fine-tuning (spec models.md 3.2) wraps layers and adds tensors beside them.
bool isAddition(const std::string& name) {
    for (const char* part : {".w_a_linear_", ".w_b_linear_", ".FacT", "_FacTs"})
        if (contains(name, part)) return true;
    return name.ends_with(".scale") || name.ends_with(".shift");
}

std::string unwrapped(std::string name) {
    for (const char* wrap : {".qkv_proj.", ".mlp_layer.", ".layer."})
        if (const std::size_t at = name.find(wrap); at != std::string::npos)
            return name.replace(at, std::string(wrap).size(), ".");
    return name;
}

Fit fitOf(std::string what, const PartList& found, const PartList& wanted) {
    Fit fit{std::move(what), wanted.size(), 0, {}, {}};
    for (const auto& [name, shape] : wanted) {
        const auto part = found.find(name);
        if (part == found.end())
            fit.missing.push_back(name);
        else if (part->second != shape)
            fit.reshaped.push_back(name);
        else
            ++fit.fitting;
    }
    return fit;
}

// The grid of position codes: found in the file, else that of the published network.
std::int64_t gridOr(std::int64_t found, std::int64_t published) {
    return found > 0 && found <= mostGrid ? found : published;
}

void count(Recognised& file, const PartList& found, Fit fit) {
    const std::size_t matched = fit.fitting + fit.reshaped.size();
    file.surplus += found.size() - std::min(found.size(), matched);
    file.fits.push_back(std::move(fit));
}

bool readSam(Recognised& file, const PartList& all) {
    const std::string proj = "image_encoder.patch_embed.proj.weight";
    const bool tiny = hasPrefix(all, "image_encoder.patch_embed.seq.");
    const VitSize* size = vitOfWidth(extent(all, proj, 0));
    if (!tiny && !size) return false;
    PartList parts;
    for (const auto& [name, shape] : all) {
        const bool addition = isAddition(name);
        file.fineTuned = file.fineTuned || addition;
        if (!addition) parts[unwrapped(name)] = shape;
    }
    file.network = tiny ? "sam/vit_t" : std::string("sam/") + size->id;
    file.title = tiny ? "MobileSAM" : std::string("SAM ") + size->title;
    const std::int64_t grid = gridOr(extent(parts, "image_encoder.pos_embed", 1), 64);
    count(file, parts, fitOf(file.title, parts, tiny ? mobileSamParts() : samParts(*size, grid)));
    return true;
}

bool readDecoder(Recognised& file, const PartList& parts) {
    if (!hasPrefix(parts, "decoder.samplers.") && !hasPrefix(parts, "deconv_out.")) return false;
    const bool transposed = hasPrefix(parts, "decoder.samplers.0.block.");
    file.decoder = true;
    if (file.network.empty()) {
        file.network = "instance-decoder";
        file.title = "Instance decoder of micro-sam";
    } else {
        file.title += " with instance decoder";
    }
    count(file, parts, fitOf("instance decoder", parts, instanceDecoderParts(transposed)));
    return true;
}

bool readCellSam(Recognised& file, const PartList& parts) {
    if (!hasPrefix(parts, cellSamDetector)) return false;
    file.network = "cellsam";
    file.title = "CellSAM";
    const PartList sam = samParts(vitSizes()[0], 64);
    PartList detector = below(parts, cellSamDetector);
    std::erase_if(detector, [](const auto& part) { return part.first.starts_with("backbone."); });
    count(file, below(parts, cellSamModel), fitOf("SAM ViT-B", below(parts, cellSamModel), sam));
    count(file, below(parts, cellSamBackbone),
          fitOf("detector's image encoder", below(parts, cellSamBackbone), cellSamBackboneParts()));
    count(file, detector, fitOf("detector", detector, cellSamDetectorParts()));
    if (hasPrefix(parts, cellSamSecond))
        count(file, below(parts, cellSamSecond), fitOf("second SAM ViT-B", below(parts, cellSamSecond), sam));
    return true;
}

bool readMae(Recognised& file, const PartList& parts) {
    const VitSize* size = vitOfWidth(extent(parts, "patch_embed.proj.weight", 0));
    if (!size || !parts.contains("cls_token") || !parts.contains("blocks.0.mlp.fc1.weight") ||
        parts.contains("head.weight"))
        return false;
    const bool decoder = hasPrefix(parts, "decoder_");
    std::int64_t grid = 1;
    while (grid < mostGrid && grid * grid + 1 < extent(parts, "pos_embed", 1)) ++grid;
    file.network = std::string("mae/") + size->id;
    file.title = std::string("MAE ") + size->title + (decoder ? "" : " encoder");
    count(file, parts, fitOf(file.title, parts, maeParts(*size, grid, decoder)));
    return true;
}

// What a file of no known network is nearest to.
std::string likeness(const std::map<std::string, PartList>& dictionaries) {
    for (const auto& [dictionary, parts] : dictionaries) {
        if (dictionary == "network_weights") return "an nnU-Net model";
        for (const char* prefix : {"", "image_encoder."}) {
            const std::string proj = std::string(prefix) + "patch_embed.proj.weight";
            if (!parts.contains(proj)) continue;
            const VitSize* size = vitOfWidth(extent(parts, proj, 0));
            return size ? std::string("a ") + size->title + " encoder"
                        : "a vision transformer of width " + std::to_string(extent(parts, proj, 0));
        }
    }
    return {};
}

std::string firstNames(const std::map<std::string, PartList>& dictionaries) {
    std::string text;
    std::size_t shown = 0;
    for (const auto& [dictionary, parts] : dictionaries)
        for (const auto& part : parts) {
            if (shown++ == namesShown) return text;
            text += (text.empty() ? "" : ", ") + part.first;
        }
    return text;
}

std::map<std::string, PartList> dictionariesOf(const std::filesystem::path& path) {
    std::map<std::string, PartList> dictionaries;
    if (!tensorfile::TorchFile::looksLike(path)) {
        const tensorfile::SafetensorsFile file(path);
        for (const auto& [name, info] : file.tensors()) dictionaries[""][name] = info.shape;
        return dictionaries;
    }
    const tensorfile::TorchFile file(path);
    for (const auto& [place, tensor] : file.tensors()) {
        const std::size_t cut = place.rfind('/');
        const bool deep = cut != std::string::npos;
        dictionaries[deep ? place.substr(0, cut) : ""][deep ? place.substr(cut + 1) : place] = tensor.shape;
    }
    return dictionaries;
}

}  // namespace

bool Recognised::usable() const {
    return !network.empty() && std::all_of(fits.begin(), fits.end(), [](const Fit& fit) { return fit.whole(); });
}

Text Recognised::sentence() const {
    if (network.empty()) return {FOVEA_TR("This is {other}; Fovea has no use for it yet."), {{"other", other}}};
    std::size_t parts = 0, fitting = 0;
    std::string wrong;
    for (const Fit& fit : fits) {
        parts += fit.parts, fitting += fit.fitting;
        for (const auto& [names, what] :
             {std::pair(&fit.missing, "missing"), std::pair(&fit.reshaped, "other shape")}) {
            if (names->empty()) continue;
            wrong += (wrong.empty() ? "" : "; ") + fit.what + " " + what + ": ";
            for (std::size_t i = 0; i < names->size() && i < namesShown; ++i) wrong += (i ? ", " : "") + (*names)[i];
            if (names->size() > namesShown) wrong += ", …";
        }
    }
    const std::string partsText = std::to_string(parts), fittingText = std::to_string(fitting);
    if (!wrong.empty())
        return {FOVEA_TR("This looks like {title}, but only {fitting} of {parts} parts fit ({wrong})."),
                {{"title", title}, {"fitting", fittingText}, {"parts", partsText}, {"wrong", wrong}}};
    return {FOVEA_TR("{title} recognised, {fitting} of {parts} parts fit."),
            {{"title", title}, {"fitting", fittingText}, {"parts", partsText}}};
}

Recognised recognise(const std::map<std::string, PartList>& dictionaries) {
    Recognised file;
    std::map<std::string, PartList> plain;
    for (const auto& [dictionary, parts] : dictionaries) {
        plain[dictionary] = plainNames(parts);
        file.tensors += parts.size();
    }
    for (const auto read : {readCellSam, readSam, readMae}) {
        for (const auto& item : plain)
            if (file.network.empty() && read(file, item.second)) break;
        if (!file.network.empty()) break;
    }
    if (file.network.empty() || file.network.starts_with("sam/"))
        for (const auto& item : plain)
            if (readDecoder(file, item.second)) break;
    if (file.network.empty()) {
        file.other = likeness(plain);
        if (file.other.empty())
            file.other = "a file of " + std::to_string(file.tensors) + " tensors (" + firstNames(dictionaries) + ", …)";
    }
    return file;
}

Recognised recognise(const std::filesystem::path& path) { return recognise(dictionariesOf(path)); }

}  // namespace fovea::models
