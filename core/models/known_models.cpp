#include "models/known_models.h"

namespace fovea::models {

namespace {

const Licence apache{"apache-2.0", "Apache-2.0", false,
                     FOVEA_TR("Free for any use, also commercial. Keep the notice of its authors.")};
const Licence attribution{"cc-by-4.0", "CC BY 4.0", false,
                          FOVEA_TR("Free for any use, also commercial. Name its authors where you publish.")};
const Licence nonCommercial{
    "cc-by-nc-4.0", "CC BY-NC 4.0", true,
    FOVEA_TR("Free for non-commercial use, naming its authors. Commercial work needs an agreement with its owners.")};
const Licence academic{
    "cellsam-academic", "academic only", true,
    FOVEA_TR("Free for non-commercial, academic research. Commercial work needs an agreement with its "
             "owners. Labels made with it carry this note on export.")};
const Licence own{"own", "yours", false, FOVEA_TR("A file that you added yourself.")};

// Sizes of files in float32, where the source gives none.
constexpr std::uint64_t vitB = 375'000'000, vitL = 1'249'500'000, vitH = 2'564'500'000, vitT = 40'700'000;
constexpr std::uint64_t decoderBytes = 38'400'000, olderDecoderBytes = 44'200'000;

struct Architecture {
    std::string id, title;  // "vit_b", "ViT-B"
    std::uint64_t bytes;
};
const Architecture base{"vit_b", "SAM ViT-B", vitB}, large{"vit_l", "SAM ViT-L", vitL},
    huge{"vit_h", "SAM ViT-H", vitH}, tiny{"vit_t", "MobileSAM", vitT};

std::string cost(const Architecture& size) {
    if (&size == &tiny) return "the fastest";
    if (&size == &base) return "quick without a graphics card";
    return &size == &large ? "slower, finer" : "the slowest and finest";
}

KnownModel sam(const Architecture& size, const std::string& file, std::uint64_t bytes, bool exactly,
               const std::string& md5, const std::string& xxh128) {
    return {"sam_" + size.id,
            size.title,
            {FOVEA_TR("Clicks and boxes on anything with clear edges; {cost}."), {{"cost", cost(size)}}},
            Role::Prompts,
            &apache,
            "https://github.com/facebookresearch/segment-anything",
            FOVEA_TR("SA-1B: 11 million photographs"),
            {{"model", file, "https://dl.fbaipublicfiles.com/segment_anything/" + file, bytes, exactly,
              Digest{"", md5, xxh128}, "sam/" + size.id}}};
}

KnownModel mobileSam() {
    return {"mobile_sam",
            tiny.title,
            FOVEA_TR("Clicks and boxes that answer at once on any computer; coarser than SAM."),
            Role::Prompts,
            &apache,
            "https://github.com/ChaoningZhang/MobileSAM",
            FOVEA_TR("SA-1B, taught by SAM ViT-H"),
            {{"model", "mobile_sam.pt", "https://github.com/ChaoningZhang/MobileSAM/raw/master/weights/mobile_sam.pt",
              40'728'226, true,
              Digest{"6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f", "",
                     "8eadbc88aeb9d8c7e0b4b60c3db48bd0"},
              "sam/vit_t"}}};
}

// What micro-sam was taught.
struct Field {
    std::string suffix, title;
    Text about, learnedFrom;
};
const Field light{"lm", "light microscopy",
                  FOVEA_TR("Clicks, boxes and cells or nuclei by themselves in light microscopy; {cost}."),
                  FOVEA_TR("many public sets of cells and nuclei in light microscopy")};
const Field electron{"em_organelles", "EM organelles",
                     FOVEA_TR("Clicks, boxes and mitochondria or nuclei by themselves in electron microscopy; {cost}."),
                     FOVEA_TR("MitoEM (human and rat), MitoLab, Platynereis nuclei: scores on these are not scores on "
                              "unseen images")};
const Field tissue{"histopathology", "histopathology",
                   FOVEA_TR("Clicks, boxes and nuclei by themselves in stained tissue sections; {cost}."),
                   FOVEA_TR("public sets of stained tissue sections")};
const Field medical{"medical_imaging", "medical imaging",
                    FOVEA_TR("Clicks and boxes in slices of medical scans; {cost}."),
                    FOVEA_TR("public sets of medical scans")};

KnownModel microSam(const Architecture& size, const Field& field, const std::string& modelUrl,
                    const std::string& modelHash, const std::string& decoderUrl, const std::string& decoderHash,
                    std::uint64_t decoderSize = decoderBytes) {
    const std::string id = size.id + "_" + field.suffix;
    return {id,
            size.title + " · " + field.title,
            {field.about.pattern, {{"cost", cost(size)}}},
            Role::Prompts,
            &attribution,
            "https://github.com/computational-cell-analytics/micro-sam",
            field.learnedFrom,
            {{"model", id + ".pt", modelUrl, size.bytes, false, Digest{"", "", modelHash}, "sam/" + size.id},
             {"decoder", id + "_decoder.pt", decoderUrl, decoderSize, false, Digest{"", "", decoderHash},
              "instance-decoder"}}};
}

// From the model zoo bioimage.io.
KnownModel zoo(const Architecture& size, const Field& field, const std::string& place, const std::string& modelHash,
               const std::string& decoderHash, std::uint64_t decoderSize = decoderBytes) {
    const std::string files =
        "https://uk1s3.embassy.ebi.ac.uk/public-datasets/bioimage.io/" + place + "/files/" + size.id;
    return microSam(size, field, files + ".pt", modelHash, files + "_decoder.pt", decoderHash, decoderSize);
}

// From the authors' own server, by tokens.
KnownModel authors(const Architecture& size, const Field& field, const std::string& modelToken,
                   const std::string& modelHash, const std::string& decoderToken, const std::string& decoderHash) {
    const auto url = [](const std::string& token) {
        return "https://owncloud.gwdg.de/index.php/s/" + token + "/download";
    };
    return microSam(size, field, url(modelToken), modelHash, url(decoderToken), decoderHash);
}

KnownModel cellSam(const std::string& id, const std::string& title, const std::string& file, Text learnedFrom) {
    constexpr std::uint64_t bytes = 786'000'000;
    return {id,
            title,
            FOVEA_TR("Finds whole cells and nuclei by itself in 2D, stitched through the sections in 3D."),
            Role::PseudoLabels,
            &academic,
            "https://users.deepcell.org",
            std::move(learnedFrom),
            {{"model", file, "", bytes, false, {}, "cellsam"}},
            "cellsam-models_v1.2.tar.gz",
            Digest{"", "f41e6899c49fc8ce12f77a8d25594604", ""}};
}

KnownModel mae() {
    return {"mae_vit_base",
            "MAE ViT-B encoder",
            FOVEA_TR("Describes patches for choosing those that differ, learned from photographs."),
            Role::Features,
            &nonCommercial,
            "https://github.com/facebookresearch/mae",
            FOVEA_TR("ImageNet-1k, without its labels"),
            {{"model", "mae_pretrain_vit_base.pth", "", 343'000'000, false, Digest{"", "8cad7c", ""}, "mae/vit_b"}}};
}

}  // namespace

const char* name(Role role) {
    switch (role) {
        case Role::PseudoLabels:
            return "pseudo-labels";
        case Role::Prompts:
            return "prompts";
        case Role::Features:
            break;
    }
    return "features";
}

const std::vector<KnownModel>& knownModels() {
    static const std::vector<KnownModel> models{
        cellSam("cellsam", "CellSAM", "cellsam_general.pt",
                FOVEA_TR("the training images of its paper: use it to compare with published numbers")),
        cellSam("cellsam_extra", "CellSAM, more images", "cellsam_extra.pt",
                FOVEA_TR("the training images of its paper and more")),
        sam(base, "sam_vit_b_01ec64.pth", 375'042'383, true, "01ec64d29a2fca3f0661936605ae66f8",
            "6923c33df3637b6a922d7682bfc9a86b"),
        sam(large, "sam_vit_l_0b3195.pth", vitL, false, "0b3195507c641ddb6910d2bb5adee89c",
            "a82beb3c660661e3dd38d999cc860e9a"),
        sam(huge, "sam_vit_h_4b8939.pth", vitH, false, "4b8939a88964f0f4ff5f5b2642c598a6",
            "97698fac30bd929c2e6d8d8cc15933c2"),
        mobileSam(),
        zoo(base, light, "diplomatic-bug/1.2", "fe9252a29f3f4ea53c15a06de471e186", "708b15ac620e235f90bb38612c4929ba"),
        zoo(large, light, "idealistic-rat/1.2", "017f20677997d628426dec80a8018f9d", "2faeafa03819dfe03e7c46a44aaac64a"),
        zoo(tiny, light, "faithful-chicken/1.1", "72ec5074774761a6e5c05a08942f981e", "3e914a5f397b0312cdd36813031f8823",
            olderDecoderBytes),
        zoo(base, electron, "noisy-ox/1.2", "f3bf2ed83d691456bae2c3f9a05fb438", "bb6398956a6b0132c26b631c14f95ce2"),
        zoo(large, electron, "humorous-crab/1.2", "810b084b6e51acdbf760a993d8619f2d",
            "334877640bfdaaabce533e3252a17294"),
        zoo(tiny, electron, "greedy-whale/1", "253474720c497cce605e57c9b1d18fd9", "8f897c7bb93174a4d1638827c4dd6f44",
            olderDecoderBytes),
        authors(base, tissue, "sBB4H8CTmIoBZsQ", "ffd1a2cd84570458b257bd95fdd8f974", "KO9AWqynI7SFOBj",
                "6a66194dcb6e36199cbee2214ecf7213"),
        authors(large, tissue, "IZgnn1cpBq2PHod", "b591833c89754271023e901281dee3f2", "oIs6VSmkOp7XrKF",
                "46aab7765d4400e039772d5a50b55c04"),
        authors(huge, tissue, "L7AcvVz7DoWJ2RZ", "bd1856dafc156a43fb3aa705f1a6e92e", "1qAKxy5H0jgwZvM",
                "3ed9f87e46ad5e16935bd8d722c8dc47"),
        authors(base, medical, "f5Ol4FrjPQWfjUF", "40169f1e3c03a4b67bff58249c176d92", "ahd3ZhZl2e0RIwz",
                "9e498b12f526f119b96c88be76e3b2ed"),
        mae()};
    return models;
}

const Licence& ownLicence() { return own; }

const Licence& licenceOfOwn(const std::string& network) { return network == "cellsam" ? academic : own; }

}  // namespace fovea::models
