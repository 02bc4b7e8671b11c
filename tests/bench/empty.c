/* empty.c - starts and ends: the floor of every start-up time. */
int main(void) {
    return 0;
}
