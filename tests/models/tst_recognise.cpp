// What weights files are, by the names and shapes in them, against the published key lists.
#include <QtTest>

#include "base/error.h"
#include "base/file.h"
#include "models/hollow_weights.h"
#include "models/recognise.h"

using namespace fovea;
using namespace fovea::models;

namespace {

std::filesystem::path golden() {
    const char* given = std::getenv("FOVEA_SHARED");
    return (given && *given ? std::filesystem::path(given)
                            : std::filesystem::path(FOVEA_SOURCE_DIR) / ".." / "shared") /
           "golden/models";
}

PartList published(const std::string& name) {
    PartList parts;
    const nlohmann::json list = file::readJson(golden() / "keys" / (name + ".json"));
    for (const auto& key : list.at("keys")) parts[key.at(0)] = key.at(1).get<tensorfile::Shape>();
    return parts;
}

PartList prefixed(const std::string& prefix, const PartList& parts) {
    PartList all;
    for (const auto& [name, shape] : parts) all[prefix + name] = shape;
    return all;
}

PartList cellSam() {
    PartList parts = prefixed(cellSamModel, samParts(vitSizes()[0], 64));
    parts.merge(prefixed(cellSamBackbone, cellSamBackboneParts()));
    parts.merge(prefixed(cellSamDetector, cellSamDetectorParts()));
    return parts;
}

}  // namespace

class TestRecognise : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void listsAreThePublishedOnes_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("network");
        QTest::addColumn<QString>("sentence");
        const auto row = [](const char* file, const char* network, const char* sentence) {
            QTest::newRow(file) << file << network << sentence;
        };
        row("sam_vit_b", "sam/vit_b", "SAM ViT-B recognised, 314 of 314 parts fit.");
        row("sam_vit_l", "sam/vit_l", "SAM ViT-L recognised, 482 of 482 parts fit.");
        row("sam_vit_h", "sam/vit_h", "SAM ViT-H recognised, 594 of 594 parts fit.");
        row("mobile_sam_vit_t", "sam/vit_t", "MobileSAM recognised, 439 of 439 parts fit.");
        row("micro_sam_decoder_resample", "instance-decoder",
            "Instance decoder of micro-sam recognised, 66 of 66 parts fit.");
        row("micro_sam_decoder_transpose", "instance-decoder",
            "Instance decoder of micro-sam recognised, 66 of 66 parts fit.");
        row("micro_sam_training_layout", "sam/vit_b", "SAM ViT-B recognised, 314 of 314 parts fit.");
        row("cellsam", "cellsam", "CellSAM recognised, 727 of 727 parts fit.");
        row("mae_vit_base_patch16", "mae/vit_b", "MAE ViT-B recognised, 254 of 254 parts fit.");
    }
    void listsAreThePublishedOnes() {
        if (!std::filesystem::exists(golden() / "keys")) QSKIP("the folder of golden files is not there");
        QFETCH(QString, file);
        QFETCH(QString, network);
        QFETCH(QString, sentence);
        const Recognised what = recognise({{"", published(file.toStdString())}});
        QCOMPARE(QString::fromStdString(what.network), network);
        QCOMPARE(QString::fromStdString(what.sentence().str()), sentence);
        QCOMPARE(what.surplus, std::size_t(0));
        QVERIFY(what.usable());
    }

    void layoutsOfMicroSam() {
        const PartList sam = samParts(vitSizes()[1], 64), decoder = instanceDecoderParts(false);
        const PartList moments{{"exp_avg", {3}}};
        const Recognised both = recognise({{"model_state", sam}, {"decoder_state", decoder}});
        QVERIFY(both.usable() && both.decoder);
        QCOMPARE(both.sentence().str(),
                 std::string("SAM ViT-L with instance decoder recognised, 548 of 548 parts fit."));
        const Recognised training = recognise({{"model_state", prefixed("sam.", sam)},
                                               {"decoder_state", prefixed("_orig_mod.", decoder)},
                                               {"optimizer_state/state/0", moments}});
        QCOMPARE(training.network, std::string("sam/vit_l"));
        QVERIFY(training.usable() && training.decoder);
        const Recognised compiled = recognise({{"model_state", prefixed("module._orig_mod.sam._orig_mod.", sam)}});
        QVERIFY(compiled.usable() && !compiled.decoder);
    }

    void fineTuningIsNoObstacle() {
        PartList parts;
        for (const auto& [name, shape] : samParts(vitSizes()[0], 64)) {
            std::string wrapped = name;
            if (const auto at = wrapped.find(".qkv."); at != std::string::npos)
                wrapped.replace(at, 5, ".qkv.qkv_proj.");
            parts[wrapped] = shape;
        }
        parts["image_encoder.blocks.0.attn.qkv.w_a_linear_q.weight"] = {4, 768};
        parts["image_encoder.blocks.0.attn.qkv.w_b_linear_q.weight"] = {768, 4};
        const Recognised what = recognise({{"", parts}});
        QVERIFY2(what.usable() && what.fineTuned, what.sentence().str().c_str());
        QCOMPARE(what.surplus, std::size_t(0));
    }

    void otherSizesOfImages() {
        QVERIFY(recognise({{"", samParts(vitSizes()[0], 32)}}).usable());
        QVERIFY(recognise({{"model", maeParts(vitSizes()[2], 16, false)}}).usable());
        QVERIFY(recognise({{"model", maeParts(vitSizes()[0], 14, true)}}).usable());
    }

    void whatIsMissingIsNamed() {
        PartList parts = samParts(vitSizes()[0], 64);
        parts.erase("mask_decoder.iou_token.weight");
        parts["prompt_encoder.no_mask_embed.weight"] = {1, 128};
        parts["stray"] = {1};
        const Recognised what = recognise({{"", parts}});
        QVERIFY(!what.usable());
        QCOMPARE(what.surplus, std::size_t(1));
        const std::string text = what.sentence().str();
        for (const char* part : {"312 of 314", "mask_decoder.iou_token.weight", "prompt_encoder.no_mask_embed.weight"})
            QVERIFY2(text.find(part) != std::string::npos, text.c_str());
        PartList half = cellSam();
        std::erase_if(half, [](const auto& part) { return part.first.starts_with(cellSamModel); });
        QVERIFY(!recognise({{"state_dict", half}}).usable());
        QVERIFY(recognise({{"state_dict", cellSam()}}).usable());
        PartList twice = cellSam();
        twice.merge(prefixed(cellSamSecond, samParts(vitSizes()[0], 64)));
        QCOMPARE(recognise({{"", twice}}).sentence().str(), std::string("CellSAM recognised, 1041 of 1041 parts fit."));
    }

    void strangersAreDescribed() {
        const auto text = [](const std::map<std::string, PartList>& file) { return recognise(file).sentence().str(); };
        QCOMPARE(text({{"network_weights", {{"encoder.stem.convs.0.conv.weight", {32, 1, 3, 3}}}}}),
                 std::string("This is an nnU-Net model; Fovea has no use for it yet."));
        QCOMPARE(text({{"", {{"patch_embed.proj.weight", {1280, 3, 14, 14}}, {"blocks.0.norm1.weight", {1280}}}}}),
                 std::string("This is a ViT-H encoder; Fovea has no use for it yet."));
        QVERIFY(text({{"", {{"a", {1}}, {"b", {2}}}}}).find("2 tensors (a, b") != std::string::npos);
        QVERIFY(!recognise(std::map<std::string, PartList>{}).usable());
        // Shapes that no such network has.
        QVERIFY(!recognise({{"", {{"image_encoder.patch_embed.proj.weight", {}}}}}).usable());
        QVERIFY(!recognise({{"",
                             {{"image_encoder.patch_embed.proj.weight", {768, 3, 16, 16}},
                              {"image_encoder.pos_embed", {1, std::int64_t(1) << 60}}}}})
                     .usable());
    }

    void filesAreReadWithoutTheirWeights() {
        const file::TempFolder folder;
        const auto path = folder.path() / "model.safetensors";
        test::writeHollow(path, samParts(vitSizes()[0], 64));
        QCOMPARE(recognise(path).sentence().str(), std::string("SAM ViT-B recognised, 314 of 314 parts fit."));
        file::write(folder.path() / "page.pt", "<html>log in first</html>");
        QVERIFY_EXCEPTION_THROWN(recognise(folder.path() / "page.pt"), Error);
        QVERIFY_EXCEPTION_THROWN(recognise(folder.path() / "none.pt"), Error);
        QVERIFY_EXCEPTION_THROWN(recognise(folder.path()), Error);
    }

    void containersAreReadOrRefused() {
        if (!std::filesystem::exists(golden() / "containers")) QSKIP("the folder of golden files is not there");
        int read = 0, refused = 0;
        for (const auto& entry : std::filesystem::directory_iterator(golden() / "containers")) {
            if (entry.path().extension() == ".json") continue;
            try {
                QVERIFY(!recognise(entry.path()).sentence().str().empty());
                ++read;
            } catch (const Error&) {
                ++refused;
            }
        }
        QVERIFY(read >= 24 && refused >= 40);
    }
};

QTEST_APPLESS_MAIN(TestRecognise)
#include "tst_recognise.moc"
