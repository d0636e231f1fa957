#include <QTest>
#include <cmath>

#include "base/error.h"
#include "base/json_text.h"

using namespace fovea;

class TestJsonText : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void nanIsANumber() {
        const auto json = parseOrderedJson("{\"b\": NaN, \"a\": [1, NaN, \"NaN\", \"\\\"NaN\"], \"NaN\": -2}");
        QVERIFY(std::isnan(json.at("b").get<double>()) && std::isnan(json.at("a").at(1).get<double>()));
        QCOMPARE(json.at("a").at(2).get<std::string>(), std::string("NaN"));
        QCOMPARE(json.at("a").at(3).get<std::string>(), std::string("\"NaN"));
        QCOMPARE(json.at("NaN").get<int>(), -2);
        QVERIFY(std::isnan(parseJson("NaN").get<double>()));
        for (const char* text : {"NaNNaN", "[NaN 1]", "{NaN: 1}", "aNaN", "[1NaN]", "Nan", "[-NaN]"})
            QVERIFY_THROWS_EXCEPTION(Error, parseJson(text));
    }
    void asPythonWritesIt() {
        nlohmann::ordered_json json = {{"z", {1.5, std::nan("")}}, {"a", "µ"}, {"n", nullptr}};
        QCOMPARE(pythonJson(json), std::string("{\n    \"z\": [\n        1.5,\n        NaN\n    ],\n"
                                               "    \"a\": \"\\u00b5\",\n    \"n\": null\n}"));
        const auto again = parseOrderedJson(pythonJson(json));
        QVERIFY(std::isnan(again.at("z").at(1).get<double>()) && again.at("n").is_null());
        QCOMPARE(pythonJson(std::nan("")), std::string("NaN"));
    }
};

QTEST_APPLESS_MAIN(TestJsonText)
#include "tst_json_text.moc"
