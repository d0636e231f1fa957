#pragma once
#include <QWidget>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/options.h"

namespace fovea::ui {

class Theme;

// A form made from an option table: one row per option, in the table's order, with unit and help.
class OptionForm : public QWidget {
    Q_OBJECT
  public:
    OptionForm(Theme& theme, const OptionTable& table, const nlohmann::json& values, QWidget* parent = nullptr);
    // Only what differs from the table's defaults.
    nlohmann::json values() const;

  Q_SIGNALS:
    void changed();

  private:
    QWidget* makeField(const OptionSpec& spec, const nlohmann::json& value);

    Theme& theme_;
    OptionTable table_;
    std::vector<std::function<nlohmann::json()>> read_;
};

}  // namespace fovea::ui
