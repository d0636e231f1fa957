#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>
#include <cmath>
#include <limits>

#include "ui/theme/theme.h"
#include "ui/widget/chip.h"
#include "ui/widget/controls.h"
#include "ui/widget/flow_bar.h"
#include "ui/widget/hint_bar.h"
#include "ui/widget/histogram.h"
#include "ui/widget/job_tray.h"
#include "ui/widget/key_cap.h"
#include "ui/widget/notification_strip.h"
#include "ui/widget/plot.h"
#include "ui/widget/progress_strip.h"
#include "ui/widget/tool_strip.h"

using namespace fovea;
using namespace fovea::ui;

class TestWidgets : public QObject {
    Q_OBJECT
    Theme theme;

  private Q_SLOTS:
    void flowBarStates() {
        FlowBar bar(theme);
        QCOMPARE(FlowBar::stepTitles(), (QStringList{"Images", "Objects", "Choose", "Review", "Learn", "Export"}));
        QCOMPARE(bar.count(), 6);
        bar.setStep(1, StepState::Done, "classical · 60 objects");
        bar.setStep(4, StepState::Failed, "stopped, see why");
        bar.setCurrent(3);
        bar.setCurrent(17);
        bar.setStep(-1, StepState::Done, {});
        QCOMPARE(bar.current(), 3);
        QCOMPARE(bar.step(1).state, StepState::Done);
        QCOMPARE(bar.step(4).detail, QString("stopped, see why"));
        const auto buttons = bar.findChildren<QAbstractButton*>();
        QCOMPARE(buttons.size(), 7);  // six steps and the next-step button
        QCOMPARE(buttons[1]->accessibleName(), QString("Objects"));
        QVERIFY(buttons[1]->accessibleDescription().contains("done"));
        QVERIFY(buttons[3]->accessibleDescription().contains("here"));
        bar.resize(1500, 44);
        bar.show();
        QSignalSpy clicked(&bar, &FlowBar::stepClicked), next(&bar, &FlowBar::nextClicked);
        QTest::mouseClick(buttons[2], Qt::LeftButton);
        QCOMPARE(clicked.count(), 1);
        QCOMPARE(clicked[0][0].toInt(), 2);
        QVERIFY(bar.nextButton()->isHidden());
        bar.setNext("23 accepted objects ready to learn from", "Fine-tune now", true);
        QVERIFY(bar.nextButton()->isVisible());
        QCOMPARE(bar.nextButton()->property("kind").toString(), QString("primary"));
        bar.nextButton()->click();
        QCOMPARE(next.count(), 1);
        bar.grab();
    }
    void flowBarFitsTheSmallestWindow() {
        FlowBar bar(theme);
        bar.setNext("Learning goes on in the background", "Review 32 more");
        for (int i = 0; i < 6; ++i) bar.setStep(i, StepState::Partly, "labels, tables");
        bar.show();
        bar.resize(1100, 44);
        QVERIFY(bar.minimumSizeHint().width() <= 1100);
    }
    void axes() {
        const PlotAxis axis = makeAxis(0, 50, 5, false);
        QCOMPARE(axis.step, 10.0);
        QCOMPARE(axis.ticks(), (QVector<double>{0, 10, 20, 30, 40, 50}));
        const PlotAxis snapped = makeAxis(0.437, 0.913, 4, true);
        QVERIFY(snapped.low <= 0.437 && snapped.high >= 0.913);
        QVERIFY(std::abs(snapped.low / snapped.step - std::round(snapped.low / snapped.step)) < 1e-9);
        QCOMPARE(makeAxis(0, 1, 5, true).text(0.2), QString("0.2"));
        QCOMPARE(makeAxis(-1, 1, 4, true).text(-1e-17), QString("0.0"));
        for (const PlotAxis& odd :
             {makeAxis(3, 3, 4, true), makeAxis(0, 0, 4, true), makeAxis(std::nan(""), 1, 4, true),
              makeAxis(5, 2, 4, false), makeAxis(0, std::numeric_limits<double>::infinity(), 4, true)}) {
            QVERIFY(odd.high > odd.low && odd.step > 0);
            QVERIFY(!odd.ticks().isEmpty());
        }
    }
    void plotRangesFollowTheData() {
        Plot plot(theme, "Loss");
        plot.resize(420, 240);
        plot.setXRange(0, 50);
        plot.setCurves({{"learning", Token::Accent, false, {{0, 0.8}, {10, 0.31}, {20, std::nan("")}, {30, 0.2}}},
                        {"tuning", Token::Warn, true, {}}});
        QCOMPARE(plot.xAxis().high, 50.0);
        QVERIFY(plot.yAxis().low <= 0.2 && plot.yAxis().low > -0.01 && plot.yAxis().high >= 0.8);
        plot.setYRange(0.0, 1.0);
        QCOMPARE(plot.yAxis().low, 0.0);
        QCOMPARE(plot.yAxis().high, 1.0);
        plot.addPoint(0, {80, 3.2});
        QCOMPARE(plot.xAxis().high, 80.0);
        QVERIFY(plot.yAxis().high >= 3.2);
        plot.addPoint(7, {1, 1});
        plot.setReference(9.0, "round 1");
        QVERIFY(plot.yAxis().high >= 9);
        const QRectF area = plot.plotArea();
        QVERIFY(plot.rect().contains(area.toRect()));
        const QPointF corner = plot.toPixel({plot.xAxis().low, plot.yAxis().low});
        QVERIFY(std::abs(corner.x() - area.left()) < 1e-6 && std::abs(corner.y() - area.bottom()) < 1e-6);
        plot.setBest(QPointF(30, 0.2), "best 0.20");
        plot.setFutureFrom(30);
        plot.grab();
        plot.clear();
        plot.grab();
    }
    void plotRedrawsFiveTimesASecond() {
        Plot plot(theme, "Loss");
        plot.setCurves({{"learning", Token::Accent, false, {}}});
        plot.show();
        QTest::qWait(300);
        const int before = plot.paintCount();
        QElapsedTimer timer;
        timer.start();
        for (int i = 0; timer.elapsed() < 1000; ++i) {
            plot.addPoint(0, {double(i), 1.0 / (i + 1)});
            QTest::qWait(5);
        }
        const int paints = plot.paintCount() - before;
        QVERIFY2(paints >= 1 && paints <= 1 + timer.elapsed() / 200, qPrintable(QString::number(paints)));
    }
    void sliderRow() {
        SliderRow row(theme, "Fill", 0, 100, 26, 0, " %");
        QSignalSpy changed(&row, &SliderRow::valueChanged);
        row.setValue(40);
        QCOMPARE(changed.count(), 0);
        QCOMPARE(row.value(), 40.0);
        row.slider()->setValue(55);
        QCOMPARE(changed.count(), 1);
        QCOMPARE(row.value(), 55.0);
        row.setValue(400);
        QCOMPARE(row.value(), 100.0);
        SliderRow gamma(theme, "Gamma", 0.2, 5, 1, 2, {}, true);
        QVERIFY(std::abs(gamma.slider()->value() - 500) <= 1);  // 1 lies in the middle of 0.2 … 5
        gamma.slider()->setValue(1000);
        QVERIFY(std::abs(gamma.value() - 5) < 1e-9);
    }
    void segmentsAndToggles() {
        SegmentedControl control(theme, {"Object", "State", "Score"});
        QCOMPARE(control.current(), 0);
        QSignalSpy chosen(&control, &SegmentedControl::chosen);
        control.setCurrent(2);
        QCOMPARE(chosen.count(), 0);
        control.show();
        QTest::mouseClick(control.findChildren<QAbstractButton*>()[1], Qt::LeftButton);
        QCOMPARE(chosen.count(), 1);
        QCOMPARE(control.current(), 1);
        ToggleRow row(theme, "My clicks go first", "Learning waits while a prompt runs.");
        QSignalSpy toggled(&row, &ToggleRow::toggled);
        row.setChecked(true);
        QVERIFY(row.isChecked() && toggled.isEmpty());
        row.toggle()->click();
        QCOMPARE(toggled.count(), 1);
        QVERIFY(row.toggle()->sizeHint().height() >= 26);
        VerdictButton accept(theme, "Accept", "check", "A", "text", true);
        QCOMPARE(accept.sizeHint().height(), 50);
        accept.grab();
    }
    void histogramHandles() {
        Histogram histogram(theme);
        histogram.resize(228, 78);
        histogram.setCounts({1, 4, 9, 2}, 0, 200);
        histogram.setWindow(20, 180);
        QSignalSpy changed(&histogram, &Histogram::windowChanged);
        QTest::mousePress(&histogram, Qt::LeftButton, {}, QPoint(30, 20));
        QTest::mouseRelease(&histogram, Qt::LeftButton, {}, QPoint(30, 20));
        QCOMPARE(changed.count(), 1);
        QVERIFY(histogram.windowLow() > 0 && histogram.windowLow() < 60);
        QCOMPARE(histogram.windowHigh(), 180.0);
        const double low = histogram.windowLow();
        QTest::keyClick(&histogram, Qt::Key_Right);
        QVERIFY(std::abs(histogram.windowLow() - low - 2) < 1e-9);
        // The low handle never passes the high one.
        QTest::mousePress(&histogram, Qt::LeftButton, {}, QPoint(30, 20));
        QTest::mouseMove(&histogram, QPoint(227, 20));
        QTest::mouseRelease(&histogram, Qt::LeftButton, {}, QPoint(227, 20));
        QVERIFY(histogram.windowLow() < histogram.windowHigh());
        histogram.grab();
    }
    void progressStrip() {
        ProgressStrip strip(theme);
        strip.resize(100, 8);
        strip.setParts({{50, Token::Ok, "accepted"}, {25, Token::Bad, "rejected"}}, 100);
        const QImage image = strip.grab().toImage();
        QCOMPARE(image.pixel(20, 4), theme.colour(Token::Ok).rgb());
        QCOMPARE(image.pixel(60, 4), theme.colour(Token::Bad).rgb());
        QCOMPARE(image.pixel(90, 4), theme.colour(Token::Hover).rgb());
        QVERIFY(strip.accessibleDescription().contains("50 accepted"));
        strip.setParts({{500, Token::Ok, "all"}}, 100);
        strip.grab();
        strip.setShare(-1);
        strip.grab();
    }
    void toolStrip() {
        ToolStrip strip(theme);
        strip.add("select", "cursor", "Select", "Q");
        strip.add("brush", "brush", "Brush", "2");
        strip.add("undo", "undo", "Undo", {}, false);
        QSignalSpy chosen(&strip, &ToolStrip::chosen);
        strip.button("brush")->click();
        QCOMPARE(strip.current(), QString("brush"));
        strip.button("undo")->click();
        QCOMPARE(chosen.count(), 2);
        QCOMPARE(strip.current(), QString("brush"));
        strip.setReason("undo", "Nothing to undo");
        QVERIFY(!strip.button("undo")->isEnabled());
        QVERIFY(strip.button("undo")->toolTip().contains("Nothing to undo"));
        strip.setReason("undo", {});
        QVERIFY(strip.button("undo")->isEnabled());
        QCOMPARE(strip.button("select")->size(), QSize(34, 34));
        strip.grab();
    }
    void jobsAreListed() {
        JobChip chip(theme);
        JobTray tray(theme);
        JobInfo running;
        running.id = 7;
        running.title = "Find objects";
        running.state = JobState::Running;
        running.share = 0.5;
        JobInfo failed;
        failed.id = 8;
        failed.title = "Export";
        failed.state = JobState::Failed;
        failed.error = "The disk is full.";
        chip.setJobs({failed});
        QVERIFY(chip.isHidden());
        chip.setJobs({running, failed});
        QVERIFY(!chip.isHidden());
        QVERIFY(chip.text().contains("Find objects") && chip.text().contains("50 %"));
        tray.setJobs({running, failed});
        QCOMPARE(tray.rowCount(), 2);
        QSignalSpy cancel(&tray, &JobTray::cancelRequested);
        QPushButton* button = nullptr;
        for (QPushButton* candidate : tray.findChildren<QPushButton*>())
            if (!candidate->isHidden()) button = candidate;
        QVERIFY(button);
        button->click();
        QCOMPARE(cancel.count(), 1);
        QCOMPARE(cancel[0][0].toLongLong(), 7);
        QVERIFY(!button->isEnabled());
        bool told = false;
        for (const QLabel* label : tray.findChildren<QLabel*>()) told = told || label->text() == "The disk is full.";
        QVERIFY(told);
        tray.setJobs({});
        QCOMPARE(tray.rowCount(), 0);
        QCOMPARE(textOf(Text("{n} objects", {{"n", "12"}})), QString("12 objects"));
    }
    void notifications() {
        NotificationStrip strip(theme);
        QVERIFY(strip.isHidden());
        strip.say(Tone::Warn, "The voxel size is missing.", "Set it now");
        QVERIFY(!strip.isHidden());
        QSignalSpy action(&strip, &NotificationStrip::actionClicked);
        strip.findChild<QPushButton*>()->click();
        QCOMPARE(action.count(), 1);
        QVERIFY(strip.isHidden());
    }
    void everyControlHasAName() {
        FlowBar bar(theme);
        ToolStrip strip(theme);
        strip.add("select", "cursor", "Select");
        Chip chip(theme, "All saved", "check", Tone::Ok);
        KeyCap cap(theme, "A");
        Histogram histogram(theme);
        Plot plot(theme, "Loss");
        QVERIFY(!chip.accessibleName().isEmpty() && !cap.accessibleName().isEmpty() &&
                !histogram.accessibleName().isEmpty() && !plot.accessibleName().isEmpty());
        for (const QAbstractButton* button : strip.findChildren<QAbstractButton*>())
            QVERIFY(!button->accessibleName().isEmpty());
        HintBar hints(theme);
        hints.setHints({{"Left", "add"}, {"Right", "remove"}});
        QCOMPARE(hints.accessibleName(), QString("Left add, Right remove"));
        hints.setReadings({"grey 143"});
        hints.resize(300, 26);
        hints.grab();
    }
};

QTEST_MAIN(TestWidgets)
#include "tst_widgets.moc"
