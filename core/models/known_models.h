#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/text.h"
#include "models/checksums.h"

// The published models that Fovea can use, from the table in spec models.md 0.1, 1.8, 2, 3.1, 4.1 and 5.2.
namespace fovea::models {

enum class Role { PseudoLabels, Prompts, Features };
const char* name(Role role);  // "pseudo-labels", "prompts", "features"

struct Licence {
    const char* id;    // "cc-by-nc-4.0"
    const char* name;  // "CC BY-NC 4.0"
    bool restricted;   // must be accepted once before the model is used
    Text text;         // what it allows, in two or three sentences
};

// One file of a model.
struct KnownFile {
    std::string part;     // "model", or "decoder": the instance decoder of micro-sam
    std::string name;     // as it is kept
    std::string url;      // empty: the person brings the file
    std::uint64_t bytes;  // size,
    bool exactly;         // or about that
    Digest digest;        // what the source gives
    std::string network;  // that it must hold, see Recognised::network
};

struct KnownModel {
    std::string id, title;
    Text about;  // what it is for, one sentence
    Role role;
    const Licence* licence;
    std::string source;  // the page it comes from
    Text learnedFrom;    // its training images
    std::vector<KnownFile> files;
    // For models that the person brings in an archive: its name and hash.
    std::string archive = {};
    Digest archiveDigest = {};

    bool brought() const { return files.front().url.empty(); }
};

const std::vector<KnownModel>& knownModels();
// The licence of models that the person made or that nobody knows.
const Licence& ownLicence();
// What a file of this network is under, whoever made it: CellSAM's forbids other use for all that is made from it.
const Licence& licenceOfOwn(const std::string& network);

}  // namespace fovea::models
