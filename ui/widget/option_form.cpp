#include "ui/widget/option_form.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QLineEdit>
#include <QSpinBox>
#include <limits>

#include "ui/theme/theme.h"
#include "ui/widget/controls.h"
#include "ui/widget/job_tray.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

QString title(const std::string& name) {
    QString text = QString::fromStdString(name).replace('_', ' ');
    text[0] = text[0].toUpper();
    return text;
}

}  // namespace

OptionForm::OptionForm(Theme& theme, const OptionTable& table, const nlohmann::json& values, QWidget* parent)
    : QWidget(parent), theme_(theme), table_(table) {
    auto* form = new QFormLayout(this);
    form->setContentsMargins(0, 0, 0, 0);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    for (const OptionSpec& spec : table_) {
        QWidget* field = makeField(spec, values.contains(spec.name) ? values[spec.name] : spec.defaultValue);
        const QString help = textOf(spec.help);
        field->setToolTip(help);
        field->setAccessibleName(title(spec.name));
        field->setAccessibleDescription(help);
        auto* label = makeLabel(title(spec.name), "small");
        label->setToolTip(help);
        form->addRow(label, field);
    }
}

QWidget* OptionForm::makeField(const OptionSpec& spec, const nlohmann::json& value) {
    const QString unit = spec.unit.empty() ? QString() : " " + QString::fromStdString(spec.unit);
    switch (spec.type) {
        case OptionType::Bool: {
            auto* toggle = new Toggle(theme_);
            toggle->setChecked(value.get<bool>());
            connect(toggle, &Toggle::toggled, this, &OptionForm::changed);
            read_.push_back([toggle] { return nlohmann::json(toggle->isChecked()); });
            return toggle;
        }
        case OptionType::Int: {
            auto* box = new QSpinBox;
            box->setRange(int(std::max(spec.least.value_or(-1e9), -1e9)), int(std::min(spec.most.value_or(1e9), 1e9)));
            box->setValue(value.get<int>());
            box->setSuffix(unit);
            connect(box, &QSpinBox::valueChanged, this, &OptionForm::changed);
            read_.push_back([box] { return nlohmann::json(box->value()); });
            return box;
        }
        case OptionType::Double: {
            auto* box = new QDoubleSpinBox;
            box->setDecimals(3);
            box->setRange(spec.least.value_or(-1e9), spec.most.value_or(1e9));
            box->setValue(value.get<double>());
            box->setSuffix(unit);
            connect(box, &QDoubleSpinBox::valueChanged, this, &OptionForm::changed);
            read_.push_back([box] { return nlohmann::json(box->value()); });
            return box;
        }
        case OptionType::Choice: {
            auto* box = new QComboBox;
            for (const std::string& choice : spec.choices) box->addItem(title(choice), QString::fromStdString(choice));
            box->setCurrentIndex(box->findData(QString::fromStdString(value.get<std::string>())));
            connect(box, &QComboBox::currentIndexChanged, this, &OptionForm::changed);
            read_.push_back([box] { return nlohmann::json(box->currentData().toString().toStdString()); });
            return box;
        }
        case OptionType::String:
        case OptionType::Path:
        case OptionType::Box:
            break;
    }
    auto* edit = new QLineEdit(QString::fromStdString(value.get<std::string>()));
    connect(edit, &QLineEdit::textEdited, this, &OptionForm::changed);
    read_.push_back([edit] { return nlohmann::json(edit->text().toStdString()); });
    return edit;
}

nlohmann::json OptionForm::values() const {
    nlohmann::json values = nlohmann::json::object();
    for (std::size_t i = 0; i < table_.size(); ++i)
        if (const nlohmann::json value = read_[i](); value != table_[i].defaultValue) values[table_[i].name] = value;
    return values;
}

}  // namespace fovea::ui
