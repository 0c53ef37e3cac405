/** All operations of the library, each in the file of its name. */
#pragma once

#include "operation.h"

void adam(Call& call);
void gru(Call& call);
void gru_gradient(Call& call);
void attentive_gru(Call& call);
void attentive_gru_gradient(Call& call);
