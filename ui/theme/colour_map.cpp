#include "ui/theme/colour_map.h"

#include <QFile>
#include <QHash>
#include <QVector>
#include <nlohmann/json.hpp>

namespace fovea::ui {

namespace {

const QHash<QString, QVector<QColor>>& stops() {
    static const auto all = [] {
        QHash<QString, QVector<QColor>> result;
        QFile file(QStringLiteral(":/fovea/colour_maps.json"));
        if (!file.open(QIODevice::ReadOnly)) return result;
        const nlohmann::json json = nlohmann::json::parse(file.readAll().toStdString(), nullptr, false);
        if (!json.is_object()) return result;
        for (const auto& [name, colours] : json.items())
            for (const auto& colour : colours)
                result[QString::fromStdString(name)].push_back(
                    QColor(QString::fromStdString(colour.get<std::string>())));
        return result;
    }();
    return all;
}

}  // namespace

QStringList colourMapNames() {
    QStringList names;
    for (const char* name : {"grey", "magma", "viridis", "cyan", "magenta", "yellow", "green"})
        names << QString::fromLatin1(name);
    return names;
}

std::array<QRgb, 256> colourMap(const QString& name) {
    const QVector<QColor> colours = stops().value(name, {QColor(0, 0, 0), QColor(255, 255, 255)});
    std::array<QRgb, 256> map;
    for (int i = 0; i < 256; ++i) {
        const double at = i / 255.0 * double(colours.size() - 1);
        const int k = std::min(int(at), int(colours.size()) - 2);
        const double t = at - k;
        const auto mix = [t](int a, int b) { return qRound(a + (b - a) * t); };
        const QColor &a = colours[k], &b = colours[k + 1];
        map[std::size_t(i)] = qRgb(mix(a.red(), b.red()), mix(a.green(), b.green()), mix(a.blue(), b.blue()));
    }
    return map;
}

}  // namespace fovea::ui
