#include <QtTest>

#include "base/error.h"
#include "base/options.h"

using namespace fovea;
using nlohmann::json;

static OptionTable table() {
    return {
        {"minutes", OptionType::Double, 20, "Time for training.", "min", 0.5, 600},
        {"iterations", OptionType::Int, 0, "0 = from the time.", "", 1, 100000},
        {"pretrain", OptionType::Bool, true, "Start from pseudo-labels."},
        {"mode", OptionType::Choice, "auto", "Which blobs.", "", {}, {}, {"auto", "dark", "bright"}},
        {"test", OptionType::Box, "", "Held-out box."},
        {"name", OptionType::String, "x", "A name."},
        {"model", OptionType::Path, "", "A file."},
    };
}

static std::string refusal(const json& values) {
    try {
        Options(table(), values);
    } catch (const Error& error) {
        return error.kind() == ErrorKind::Input ? error.what() : "another kind of error";
    }
    return "";
}

class TestOptions : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void defaults() {
        const Options options(table());
        QCOMPARE(options.number("minutes"), 20.0);
        QVERIFY(options.json()["minutes"].is_number_float());
        QCOMPARE(options.integer("iterations"), std::int64_t(0));  // a default may lie outside the range
        QVERIFY(options.flag("pretrain"));
        QCOMPARE(options.string("mode"), std::string("auto"));
    }
    void survivesJson() {
        const json values = {{"minutes", 1.25}, {"iterations", 12},    {"pretrain", false},
                             {"mode", "dark"},  {"test", "0:2,:,5:9"}, {"name", "ü"}};
        const Options options(table(), values);
        const Options again(table(), json::parse(options.json().dump()));
        QVERIFY(options == again);
        QCOMPARE(again.string("test"), std::string("0:2,:,5:9"));
        QVERIFY(Options(table()) == Options(table(), Options(table()).json()));
        QVERIFY(!(options == Options(table())));
    }
    void assignments() {
        const Options options = Options::fromAssignments(
            table(), {"minutes=2.5", "iterations=7", "pretrain=off", "mode=bright", "test=0:1,0:2,0:3", "name=a=b"});
        QCOMPARE(options.number("minutes"), 2.5);
        QCOMPARE(options.integer("iterations"), std::int64_t(7));
        QVERIFY(!options.flag("pretrain"));
        QCOMPARE(options.string("name"), std::string("a=b"));
        for (const char* bad : {"minutes", "=3", "minutes=", "minutes=2x", "iterations=2.5", "pretrain=maybe",
                                "minutes=nan", "mode=grey", "test=1:2,3:4", "test=a:b,c:d,e:f"})
            QVERIFY_EXCEPTION_THROWN(Options::fromAssignments(table(), {bad}), Error);
    }
    void refusalsNameOptionValueAndRange() {
        QCOMPARE(refusal({{"minutes", 0.1}}),
                 std::string("Option minutes cannot be 0.1; it takes a number between 0.5 and 600 (min)."));
        QCOMPARE(refusal({{"mode", "grey"}}),
                 std::string("Option mode cannot be \"grey\"; it takes one of auto, dark, bright."));
        QVERIFY(refusal({{"iterations", 1.5}}).find("whole number") != std::string::npos);
        QVERIFY(refusal({{"minutes", "20"}}).find("minutes") != std::string::npos);
        QVERIFY(refusal({{"pretrain", 1}}).find("true or false") != std::string::npos);
        QVERIFY(!refusal({{"name", nullptr}}).empty());
        QVERIFY(!refusal(json::array()).empty());
        QCOMPARE(refusal({{"iterations", 3.0}}), std::string());
    }
    void unknownNamesGetAHint() {
        QCOMPARE(refusal({{"minuts", 3}}), std::string("There is no option minuts. Did you mean minutes?"));
        QVERIFY(refusal({{"zzzzzz", 3}}).find("Known are: minutes, iterations") != std::string::npos);
        QVERIFY_EXCEPTION_THROWN(Options(OptionTable{}, json{{"a", 1}}), Error);
    }
    void wrongAccessIsABug() {
        const Options options(table());
        QVERIFY_EXCEPTION_THROWN(options.flag("nothing"), Error);
        QVERIFY_EXCEPTION_THROWN(options.flag("name"), Error);
    }
    void describesItself() {
        const json rows = toJson(table());
        QCOMPARE(rows.size(), table().size());
        QCOMPARE(rows[0]["unit"].get<std::string>(), std::string("min"));
        QCOMPARE(rows[3]["choices"].size(), std::size_t(3));
        QCOMPARE(rows[1]["type"].get<std::string>(), std::string("int"));
    }
};

QTEST_APPLESS_MAIN(TestOptions)
#include "tst_options.moc"
