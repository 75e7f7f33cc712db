// Lets Go declare the functions of order.go without bodies.
