/* SPDX-License-Identifier: Apache-2.0 */
/* patience - who has waited too long hears at once that there is no turn: see patience.h. */
#include "http/patience.h"

bool patience_admits(const struct patience *patience, int64_t now_ms, bool is_control, bool is_late)
{
    if (!patience_is_tried(patience, patience->batch_began_ms))
        return true;
    if (is_late && patience->is_pressed && !is_control)
        return false;
    int64_t turn_ms = is_control ? PATIENCE_TURN_MS + PATIENCE_RESERVE_MS : PATIENCE_TURN_MS;
    return now_ms - patience->batch_began_ms <= turn_ms || patience->requests <= PATIENCE_FEW;
}

static void note_crowded(struct patience *patience, int64_t now_ms)
{
    if (patience_is_tried(patience, now_ms))
        patience->alert_until_ms = now_ms + PATIENCE_CALM_MS;
    if (now_ms - patience->turn_began_ms <= PATIENCE_ALARM_TURN_MS)
        patience->long_since_ms = 0;
    else if (patience->long_since_ms == 0)
        patience->long_since_ms = patience->turn_began_ms;
    else if (now_ms - patience->long_since_ms >= PATIENCE_ALARM_MS)
        patience->alert_until_ms = now_ms + PATIENCE_CALM_MS;
}

void patience_end_turn(struct patience *patience, int64_t now_ms)
{
    int64_t took_ms = now_ms - patience->turn_began_ms;
    patience->is_pressed = patience->requests > PATIENCE_FEW && took_ms > PATIENCE_TURN_MS / 2;
    if (patience->requests > PATIENCE_CROWD)
        note_crowded(patience, now_ms);
    else
        patience->long_since_ms = 0;
    patience->requests = 0;
}
