/* budget.c - see budget.h. */
#include "gate/budget.h"

#include "gate/saturate.h"

int64_t budget_at(const struct budget *budget, int64_t nth) {
    return budget->at[(budget->total - (uint64_t)nth) % BUDGET_LIMIT_MAX];
}

void budget_add(struct budget *budget, int64_t at) {
    if (budget->total > 0) {
        at = larger(at, budget_at(budget, 1));
    }
    budget->at[budget->total % BUDGET_LIMIT_MAX] = at;
    budget->total++;
}

int64_t budget_count(const struct budget *budget, int64_t window, int64_t now) {
    int64_t kept = budget->total < BUDGET_LIMIT_MAX ? (int64_t)budget->total : BUDGET_LIMIT_MAX;
    int64_t count = 0;
    while (count < kept && saturating_add(budget_at(budget, count + 1), window) > now) {
        count++;
    }
    return count;
}
